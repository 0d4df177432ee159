"""What a run will take before it is started: a sample goes through the real passes, arithmetic does the rest."""

from rfdedup.pipeline.planning.planner import IMAGES, Plan, plan_run

__all__ = ["IMAGES", "Plan", "plan_run"]
