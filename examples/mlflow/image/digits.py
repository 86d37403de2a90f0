"""Tell handwritten digits apart: the three steps of a small pipeline.

MLflow finds its server in the variable MLFLOW_TRACKING_URI; nothing here says where that is.
"""
# ruff: noqa: T201 - what a step prints is its log

import argparse
import os
from pathlib import Path

import mlflow.sklearn
from mlflow.models import infer_signature
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

EXPERIMENT = "digits"
MODEL = "model"


def images() -> tuple:
    """Images of 8 x 8 pixels and the digits that they show, for training and for evaluation: always the same."""
    return train_test_split(*load_digits(return_X_y=True), test_size=0.25, random_state=0)


def show(_: argparse.Namespace) -> None:
    """Show what there is to learn from: a step that needs no MLflow, asks for none and is told of none."""
    for_training, for_evaluation, _, _ = images()
    print(f"{len(for_training)} images to train with, {len(for_evaluation)} to evaluate with")
    print("MLFLOW_TRACKING_URI is", os.environ.get("MLFLOW_TRACKING_URI", "not set"))


def train(args: argparse.Namespace) -> None:
    """Train a model and log it, with its parameters."""
    x, _, y, _ = images()
    parameters = {"C": args.C, "gamma": args.gamma}
    model = SVC(**parameters).fit(x, y)

    # By its id: of two steps that create the experiment at the same time, one is given it but does not have it set.
    experiment = mlflow.set_experiment(EXPERIMENT).experiment_id
    with mlflow.start_run(experiment_id=experiment, run_name=args.run_name, tags={"engine": args.engine}) as run:
        mlflow.log_params(parameters)
        mlflow.log_metric("train_accuracy", model.score(x, y))
        mlflow.sklearn.log_model(
            model,
            name=MODEL,
            signature=infer_signature(x, model.predict(x)),
            # Left out, it takes MLflow half a minute to find out.
            pip_requirements=mlflow.sklearn.get_default_pip_requirements(),
        )
    args.run_id_file.write_text(run.info.run_id)
    print(f"run {run.info.run_id} logged to {mlflow.get_tracking_uri()}")


def evaluate(args: argparse.Namespace) -> None:
    """Load a run's model back, and log how well it does on images that it has not seen."""
    _, x, _, y = images()
    with mlflow.start_run(run_id=args.run_id):
        accuracy = mlflow.sklearn.load_model(f"runs:/{args.run_id}/{MODEL}").score(x, y)
        mlflow.log_metric("accuracy", accuracy)
    print(f"accuracy {accuracy:.3f} logged to {mlflow.get_tracking_uri()}")


def main() -> None:
    """Run one of the steps."""
    parser = argparse.ArgumentParser()
    steps = parser.add_subparsers(required=True)

    step = steps.add_parser("show")
    step.set_defaults(run=show)

    step = steps.add_parser("train")
    step.set_defaults(run=train)
    step.add_argument("--engine", required=True)
    step.add_argument("--run-name", required=True)
    step.add_argument("--C", type=float, required=True)
    step.add_argument("--gamma", type=float, required=True)
    step.add_argument("--run-id-file", type=Path, required=True)

    step = steps.add_parser("evaluate")
    step.set_defaults(run=evaluate)
    step.add_argument("--run-id", required=True)

    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
