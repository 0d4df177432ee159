"""Numbers that tables and measurements agree on."""

THUMB_SIDE = 16
"""Side of the RGB thumbnail that corroborates hash links, pixels."""

LOCAL_FEATURES = 96
"""Most local features that are kept of an image."""

PANEL_BYTES = THUMB_SIDE * THUMB_SIDE
"""Of one panel: a grey thumbnail."""

LOCAL_FEATURE_BYTES = 36
"""x, y, size, angle, and 32 values of the descriptor, uint8 each."""
