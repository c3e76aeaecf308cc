"""`clearsim robustness` refuses what it cannot use before anything runs."""

import pytest
from clearsim.cli import app
from clearsim.errors import ConfigError, ResultError
from typer.testing import CliRunner


@pytest.mark.parametrize("text", ["many", "100,", "0", "-5", "1e4"])
def test_numbers_of_traders_must_be_numbers(tmp_path, text):
    result = CliRunner().invoke(app, ["robustness", str(tmp_path), f"--traders={text}"])
    assert isinstance(result.exception, ConfigError)
    assert "--traders must be comma-separated whole numbers" in str(result.exception)


def test_one_replication_has_no_interval(tmp_path):
    result = CliRunner().invoke(app, ["robustness", str(tmp_path), "--replications", "1"])
    assert result.exit_code == 2
    assert "--replications" in result.output


def test_a_folder_that_is_no_study_is_refused(tmp_path):
    assert isinstance(CliRunner().invoke(app, ["robustness", str(tmp_path)]).exception, ResultError)
