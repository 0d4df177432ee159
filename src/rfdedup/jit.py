"""Code compiled for the processor at hand by llvmlite, on the systems where that is tested."""

from __future__ import annotations

import functools
import platform
import sys
from typing import Any


@functools.cache
def available() -> bool:
    """Whether this is such a system, and llvmlite is installed."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    try:
        import llvmlite.binding  # noqa: F401 - whether it can be
    except ImportError:
        return False
    return True


def compile_program(text: str, *, optimise: bool) -> Any:
    """Machine code of an LLVM program; the engine that is returned owns it, and knows the address of each function.

    Args:
        optimise: turn plain loops into vector code first.
    """
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, jit=True
    )
    module = llvm.parse_assembly(text)
    if optimise:
        tuning = llvm.create_pipeline_tuning_options(speed_level=3)
        tuning.loop_vectorization = True
        passes = llvm.create_pass_builder(machine, tuning)
        passes.getModulePassManager().run(module, passes)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return engine
