"""Plain, gzip or Zstandard, told by how the file begins; unpacked as it is read, within bounds of size and of ratio."""

import io
import zlib
from typing import IO, Any

import zstandard

from labeling.errors import NotItems

GZIP = b"\x1f\x8b"
ZSTANDARD = b"\x28\xb5\x2f\xfd"
CHUNK = 256 * 1024
# A file may unpack to this many times its size once it is larger than what is free: text hardly ever reaches it.
RATIO_MOST = 200
FREE = 64 * 1024**2
# Members of nothing: some writers end a file with a few, and each takes its time.
EMPTY_MOST = 1000
# Zstandard frames may ask for a window up to this size; it is all the memory that unpacking takes.
WINDOW_MOST = 128 * 1024**2


def unpacked(stream: IO[bytes], *, most: int) -> IO[bytes]:
    """Return a stream of the plain bytes.

    It raises NotItems beyond `most` bytes or RATIO_MOST, for damaged files, and for gzip of more than EMPTY_MOST empty
    members in a row.
    """
    stream.seek(0)
    head = stream.read(4)
    stream.seek(0)
    if head.startswith(GZIP):
        return io.BufferedReader(_Unpacked(_Gzip(stream), stream, most, "gzip"), CHUNK)
    if head.startswith(ZSTANDARD):
        reader = zstandard.ZstdDecompressor(max_window_size=WINDOW_MOST).stream_reader(
            stream, read_across_frames=True, closefd=False
        )
        return io.BufferedReader(_Unpacked(reader, stream, most, "Zstandard"), CHUNK)
    return stream


class _Gzip:
    """The members of a gzip file, one after another, as one stream of plain bytes."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._member = zlib.decompressobj(wbits=31)
        self._waiting = b""
        self._empty = 0

    def read(self, size: int) -> bytes:
        """Return up to `size` plain bytes, nothing at the end; raises EOFError where the file ends in a member."""
        while True:
            if self._member.eof:
                # What follows a member is another one, or the zeros that some writers pad with.
                self._waiting = (self._member.unused_data or self._packed.read(CHUNK)).lstrip(b"\x00")
                if not self._waiting:
                    return b""
                self._member = zlib.decompressobj(wbits=31)
                self._empty += 1
                if self._empty > EMPTY_MOST:
                    raise zlib.error("too many empty members")
            packed = self._member.unconsumed_tail or self._waiting or self._packed.read(CHUNK)
            self._waiting = b""
            if not packed:
                raise EOFError
            if plain := self._member.decompress(packed, size):
                self._empty = 0
                return plain


class _Unpacked(io.RawIOBase):
    """Plain bytes, counted as they come."""

    def __init__(self, reader: Any, packed: IO[bytes], most: int, name: str) -> None:
        self._reader, self._packed, self._most, self._name = reader, packed, most, name
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            plain = self._reader.read(len(buffer))
        except EOFError:
            raise NotItems(f"The {self._name} file ends early; pack and send it again.", field="file") from None
        except (zlib.error, zstandard.ZstdError) as error:
            raise NotItems(f"The {self._name} file is damaged ({error}); pack it again.", field="file") from None
        self._count += len(plain)
        if self._count > self._most:
            raise NotItems(
                f"The {self._name} file unpacks to more than {self._most / 1024**3:g} GB; split it into several.",
                field="file",
            )
        if self._count > max(FREE, RATIO_MOST * self._packed.tell()):
            raise NotItems(
                f"The {self._name} file unpacks to more than {RATIO_MOST} times its size; send it plain.", field="file"
            )
        buffer[: len(plain)] = plain
        return len(plain)
