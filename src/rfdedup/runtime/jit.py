"""Code compiled for the processor at hand by llvmlite, on the systems where that is tested.

``RFDEDUP_MAX_ISA=avx2`` in the environment makes it behave as on a processor that has nothing beyond AVX2, so that what
such processors run can be tested on others.
"""

from __future__ import annotations

import functools
import os
import platform
import sys
import threading
from typing import Any, Final

_COMPILING: Final = threading.Lock()
_ENGINES: Final[dict[str, Any]] = {}
"""What was compiled, by its program. An engine that goes takes its code away from whoever is running it."""


_BEYOND_AVX2: Final = ("avx512", "avx10", "avxvnni", "avxifma", "avxneconvert", "amx", "evex512")
_LEAST_LLVM: Final = 20
"""Older ones do not know the language of the programs."""


@functools.cache
def available() -> bool:
    """Whether this is such a system, and an llvmlite is installed that is new enough."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    try:
        from llvmlite.binding import llvm_version_info
    except (ImportError, OSError):  # not installed, or its library cannot be loaded
        return False
    return bool(llvm_version_info[0] >= _LEAST_LLVM)


def supports(features: tuple[str, ...]) -> bool:
    """Whether programs may be compiled, and the processor has all ``features``, by the names that LLVM gives them."""
    return available() and features_here().issuperset(features)


@functools.cache
def features_here() -> frozenset[str]:
    """What the processor at hand offers; llvmlite has to be there."""
    import llvmlite.binding

    has = {name for name, there in llvmlite.binding.get_host_cpu_features().items() if there}
    return frozenset(name for name in has if not (held_back() and name.startswith(_BEYOND_AVX2)))


def held_back() -> bool:
    """Whether nothing beyond AVX2 is to be used."""
    return os.environ.get("RFDEDUP_MAX_ISA", "").lower() == "avx2"


def compile_program(text: str, *, optimise: bool) -> Any:
    """The engine that knows the address of each function of an LLVM program; compiled once, and kept for good.

    Args:
        text: the program.
        optimise: turn plain loops into vector code first.
    """
    with _COMPILING:
        if text not in _ENGINES:
            _ENGINES[text] = _engine(text, optimise=optimise)
        return _ENGINES[text]


def _engine(text: str, *, optimise: bool) -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    # the name of a processor stands for features of its own, so a lesser one is named with what is left of them
    features = ",".join(f"+{name}" for name in sorted(features_here()))
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu="haswell" if held_back() else llvm.get_host_cpu_name(),
        features=features if held_back() else llvm.get_host_cpu_features().flatten(),
        opt=3,
        jit=True,
    )
    module = llvm.parse_assembly(text)
    if optimise:
        tuning = llvm.create_pipeline_tuning_options(speed_level=2)
        tuning.loop_vectorization = True
        passes = llvm.create_pass_builder(machine, tuning)
        passes.getModulePassManager().run(module, passes)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return engine
