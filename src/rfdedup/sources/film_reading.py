"""Frames of a film, decoded one at a time by FFmpeg (PyAV, extra ``video``).

What a frame shows is defined by its keyframe: the decoder is emptied there and fed what follows, however the reader
came to it, by going on or by a seek. So a frame has the same pixels for every worker, in a second look and in a later
run.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from io import BufferedReader
from itertools import chain
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import simplejpeg

from rfdedup.imaging import decode
from rfdedup.model.errors import ImageError, InputError, MissingExtraError
from rfdedup.model.items import Item, Place

Packet = Any
Frame = Any
"""``av.Packet`` and ``av.VideoFrame``: the library need not be there."""

FILM: Final = "film"
"""Source of frames of films. The place of one is when it is shown, in ticks of the stream, and how many ticks before
that its keyframe is."""
DEMUXERS: Final = "mov,matroska,avi,mpegts,mpeg,mpegvideo,asf,flv,ogg,mxf,ivf,dv"
"""Containers that FFmpeg may take a file for: play lists and others that name further files are none of them."""
_REORDERED: Final = ("h264", "hevc", "vvc")
"""Codecs whose times in AVI files FFmpeg does not put in order."""
_REMEMBERS: Final = frozenset(
    ("mpeg1video", "mpeg2video", "mpeg4", "h263", "flv", "msmpeg4v1", "msmpeg4v2", "msmpeg4", "wmv1", "wmv2")
)
"""Decoders that hide damage by what they decoded before they were emptied. So that this is always the same, they are
shown the keyframe once before they begin with it."""
_SEEK_SECONDS: Final = 10.0
"""Keyframes that are further ahead are sought; nearer ones are walked to."""
_MOST_BACK: Final = 2
"""Keyframes that decoding begins before the one that a frame needs, where that one alone does not do."""
_WRITTEN_QUALITY: Final = 95
_QUARTER: Final = 90
"""Degrees."""


class OpenFilm:
    """A film that is open, with the decoder of its best stream of pictures.

    Attributes:
        container, stream: of PyAV.
        width, height: of its frames as they are stored.
        timed_by_order: its frames carry no presentation times of their own but those of the order of decoding, as H.264
            in AVI files: the n-th frame that comes out has the n-th of the times.
    """

    def __init__(self, stream: BufferedReader) -> None:
        """Open what ``stream`` holds.

        Raises:
            MissingExtraError: the extra is not there.
            InputError: it is no film, or none whose pictures can be decoded; what is wrong, in words.
        """
        try:
            import av
        except ImportError:
            raise MissingExtraError("av", "video", "reading films") from None
        stream.seek(0)
        try:
            self.container = av.open(stream, metadata_errors="replace", options={"format_whitelist": DEMUXERS})
        except (av.FFmpegError, ValueError, OverflowError) as error:
            raise InputError(words(error)) from None
        try:
            found = self.container.streams.best("video")
        except (av.FFmpegError, ValueError) as error:
            raise InputError(words(error)) from None
        if found is None or found.type != "video" or found.disposition & found.disposition.attached_pic:
            raise InputError("it holds no stream of pictures")
        self.stream, context = found, found.codec_context
        if context is None:
            raise InputError("its pictures are encoded in a way that is not known")
        # workers are the parallelism, and frames that wait in threads are memory
        context.thread_count = 1
        context.flags |= av.codec.context.Flags.bitexact
        self.width, self.height = int(context.width), int(context.height)
        if self.width < 1 or self.height < 1 or self.stream.time_base is None:
            raise InputError("it does not say how large its pictures are or when they are shown")
        self.timed_by_order = self.container.format.name == "avi" and context.name in _REORDERED

    def packets(self) -> Iterator[Packet]:
        """Encoded frames in the order of decoding, from where the film stands, as far as they can be read and tell when
        they are shown."""
        import av

        try:
            for packet in self.container.demux(self.stream):
                if packet.pts is None:
                    packet.pts = packet.dts
                if packet.size and packet.pts is not None and (packet.dts is not None or not self.timed_by_order):
                    yield packet
        except (av.FFmpegError, ValueError):
            # what comes after is lost, and told where it is missed
            return

    def time_of(self, packet: Packet) -> int:
        """When the frame of a packet is shown, in ticks of the stream."""
        time = packet.dts if self.timed_by_order else packet.pts
        if time is None:
            raise AssertionError("a packet without a time was not left out")
        return int(time)


class FilmFrames:
    """Frames of one film by their place. Any thread may read.

    It holds the frame that it is at, and what the decoder keeps.
    """

    def __init__(self, stream: BufferedReader) -> None:
        """Open a film; raises ``ImageError`` where that cannot be done."""
        self.stream = stream
        self.lock = threading.Lock()
        self._open()
        self._leave()

    def _open(self) -> None:
        try:
            self._film = OpenFilm(self.stream)
        except MissingExtraError as error:
            raise ImageError("unsupported-format", str(error)) from None
        except InputError as error:
            raise ImageError("corrupt", f"its film cannot be opened ({error})") from None
        self._packets = self._film.packets()
        self._held: deque[Packet] = deque()
        self._near: int | None = None

    def _open_again(self) -> None:
        self._film.container.close()
        self._open()

    def _leave(self) -> None:
        self._frames: Iterator[tuple[int, Frame | None]] = iter(())
        self._key: int | None = None
        self._before: int | None = None
        self._at: tuple[int, Frame | None] | None = None

    def read(self, item: Item, place: Place) -> bytes:
        """A frame as a PPM file: upright pixels, as they were decoded.

        Raises:
            ImageError: ``corrupt`` where the film is damaged between the keyframe and this frame.
        """
        with self.lock:
            frame = self._found(place.offset, place.offset - place.length)
            if frame is None:
                raise ImageError("corrupt", "its film is damaged there, or between its keyframe and there")
            data = self._as_ppm(frame)
        if len(data) != item.size:
            raise ImageError("corrupt", "its film holds a frame of another size than it says")
        return data

    def _found(self, time: int, key: int) -> Frame | None:
        """The frame that is shown at ``time``; None where the decoder does not give it, or not whole."""
        if key != self._key or (self._before is not None and time <= self._before):
            self._begin(key)
        while self._at is None or self._at[0] < time:
            frame = next(self._frames, None)
            if frame is None:
                return None
            self._before, self._at = None if self._at is None else self._at[0], frame
        return self._at[1] if self._at[0] == time else None

    def _begin(self, key: int) -> None:
        """Begin to decode at a keyframe."""
        self._leave()
        self._key = key
        if not self._go_to(key):
            return
        self._frames = self._since(key)
        self._at = next(self._frames, None)
        start: int | None = key
        for _ in range(_MOST_BACK):
            if start is None or (self._at is not None and self._at[0] == key):
                return
            # it is not shown when decoding begins with it: pictures that are refreshed part by part need earlier ones
            start = self._go_before(start)
            if start is not None:
                self._frames = self._since(key)
                self._at = next(self._frames, None)

    def _next(self) -> Packet | None:
        return self._held.popleft() if self._held else next(self._packets, None)

    def _go_to(self, key: int) -> bool:
        """Stand before the packet of a keyframe; whether it is there."""
        base = self._film.stream.time_base
        ahead = None if self._near is None or base is None else (key - self._near) * base
        if ahead is not None and 0 <= ahead <= _SEEK_SECONDS and self._walk_to(key):
            return True
        if self._seek(key) and self._walk_to(key):
            return True
        # a film without an index may lead a seek anywhere
        self._open_again()
        return self._walk_to(key)

    def _go_before(self, key: int) -> int | None:
        """Stand before the packet of the last keyframe before another; when it is shown, None where there is none."""
        if not self._seek(key - 1):
            self._open_again()
        for again in (False, True):
            if again:
                self._open_again()
            seen: list[Packet] = []
            while (packet := self._next()) is not None:
                if packet.is_keyframe and self._film.time_of(packet) < key:
                    seen = []
                if seen or packet.is_keyframe:
                    seen.append(packet)
                if packet.is_keyframe and self._film.time_of(packet) >= key:
                    break
            self._held.extendleft(reversed(seen))
            if seen and self._film.time_of(seen[0]) < key:
                return self._film.time_of(seen[0])
        return None

    def _seek(self, time: int) -> bool:
        """Stand before a keyframe that is hopefully shown at a time or before; whether it was possible."""
        import av

        self._held.clear()
        try:
            self._film.container.seek(time, stream=self._film.stream)
        except (av.FFmpegError, ValueError, OverflowError):
            return False
        self._packets = self._film.packets()
        return True

    def _walk_to(self, key: int) -> bool:
        """Go on to the packet of a keyframe; whether it was there."""
        while (packet := self._next()) is not None:
            time = self._film.time_of(packet)
            if packet.is_keyframe and time >= key:
                self._held.appendleft(packet)
                self._near = time
                return time == key
        self._near = None
        return False

    def _since(self, key: int) -> Iterator[tuple[int, Frame | None]]:
        """Frames from a keyframe on until the next, in the order of their times; None where they are not whole."""
        context = self._film.stream.codec_context
        context.flush_buffers()
        if self._held and context.name in _REMEMBERS:
            self._decoded(self._held[0])
            self._decoded(None)
            context.flush_buffers()
        # what is further back than the keyframe after this one is sought
        self._near = key + 1
        times: list[int] = []
        sound = True
        for packet in chain(self._fed(key), [None]):
            if packet is not None:
                heappush(times, self._film.time_of(packet))
            frames, damaged = self._decoded(packet)
            for frame in frames:
                sound = sound and not frame.is_corrupt
                shown = heappop(times) if self._film.timed_by_order and times else frame.pts
                if shown is not None and shown >= key:
                    yield int(shown), frame if sound else None
            sound = sound and not damaged

    def _fed(self, key: int) -> Iterator[Packet]:
        """Packets of a keyframe and of what is shown until the next one, which stays held with all that follows."""
        while (packet := self._next()) is not None:
            time = self._film.time_of(packet)
            if packet.is_keyframe and time > key:
                yield from self._leading(packet, time)
                return
            yield packet
        self._near = None

    def _leading(self, keyframe: Packet, key: int) -> list[Packet]:
        """The next keyframe with those frames after it that are shown before it and so belong to the last one."""
        seen = [keyframe]
        while (packet := self._next()) is not None:
            seen.append(packet)
            if packet.is_keyframe or self._film.time_of(packet) > key:
                break
        self._held.extendleft(reversed(seen))
        self._near = key
        leading = [packet for packet in seen[1:] if not packet.is_keyframe and self._film.time_of(packet) < key]
        return [keyframe, *leading] if leading else []

    def _decoded(self, packet: Packet | None) -> tuple[list[Frame], bool]:
        """What the decoder gives for a packet, or for the end of all, and whether that one is damaged."""
        import av

        try:
            frames = self._film.stream.codec_context.decode(packet)
        except (av.FFmpegError, ValueError):
            return [], True
        return list(frames), packet is not None and packet.is_corrupt

    def _as_ppm(self, frame: Frame) -> bytes:
        # a stream may change its size on the way; players go on in that of its beginning
        picture = frame.reformat(width=self._film.width, height=self._film.height, format="rgb24")
        turns = round(frame.rotation / _QUARTER) % 4
        pixels: npt.NDArray[np.uint8] = np.ascontiguousarray(np.rot90(picture.to_ndarray(), turns))
        height, width = pixels.shape[:2]
        return b"".join((ppm_header(width, height), pixels.data.cast("B")))


def ppm_header(width: int, height: int) -> bytes:
    """What a PPM file of 8 bits begins with: as long for a turned picture."""
    return b"P6\n%d %d\n255\n" % (width, height)


def as_jpeg(frame: bytes) -> bytes:
    """A frame that was read as it is written out: a JPEG of quality 95 with all of its colour."""
    data: bytes = simplejpeg.encode_jpeg(decode(frame).rgb, quality=_WRITTEN_QUALITY, colorsubsampling="444")
    return data


def words(error: Exception) -> str:
    """What FFmpeg says is wrong, in one line."""
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(said).split())
