"""Is a generated file named when it is stale, missing or left over, and mended by the command that writes it?"""

from pathlib import Path

import pytest

from deploy import generated


@pytest.mark.parametrize("harm", ["stale", "missing", "left over"])
def test_a_file_that_is_not_as_it_would_be_written_is_named_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], harm: str
):
    monkeypatch.setattr(generated, "ROOT", tmp_path)
    kept, other = tmp_path / "folder" / "kept.json", tmp_path / "folder" / "other.json"
    wanted = {kept: "{}\n"}

    def settle(*arguments: str) -> int:
        present = set(tmp_path.rglob("*.json"))
        return generated.settle(wanted, arguments, command="deploy.sample", present=present)

    assert (settle(), settle("--check")) == (0, 0)
    harmed = other if harm == "left over" else kept
    if harm == "missing":
        harmed.unlink()
    else:
        harmed.write_text("other", encoding="utf-8")

    assert settle("--check") == 1
    assert capsys.readouterr().err == f"stale: folder/{harmed.name}; run python -m deploy.sample\n"
    assert (settle(), settle("--check")) == (0, 0)
    assert (kept.read_text(encoding="utf-8"), other.exists()) == ("{}\n", False)
