"""Stages of the funnel, one file each: what is proposed, what is compared, what is kept."""
