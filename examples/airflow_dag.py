"""An Airflow DAG: one task a night. The command's exit code decides: 0 is done, all others fail without a retry.

Denials are normal output (exit 0). After a threshold was passed (exit 12) the results are published, and a person
looks.
"""

import os

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    "claims_edit_night",
    schedule="15 2 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,  # one results folder, one run at a time
) as dag:
    BashOperator(
        task_id="decide_claims",
        bash_command=(
            'claims-edit run "$EXTRACT" --out "$RESULTS" --as-of {{ ds }} --max-quarantine-rate 0.02 --quiet'
        ),
        env={
            "EXTRACT": os.environ.get("CLAIMS_EXTRACT", "/data/claims/{{ ds }}.csv"),
            "RESULTS": os.environ.get("CLAIMS_RESULTS", "/data/results"),
        },
        append_env=True,
        retries=0,
    )
