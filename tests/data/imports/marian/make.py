"""Makes the goldens in this folder with the genuine engines.

Each needs an environment of its own, with numpy<2 and sentencepiece:
    PYTHON make.py marian      # pymarian==1.12.42 (Python 3.11): log-probabilities and n-bests
    PYTHON make.py bergamot    # bergamot==0.4.5 (Python 3.10): texts, also of intgemm8 files
    PYTHON make.py vocabularies    # either: trains the vocabularies, which goldens depend on

The models are made by tests/quantize/sources/marian_models.py, here and in the tests.
"""

from __future__ import annotations

import importlib.util
import json
import random
import re
import site
import sys
import tempfile
from pathlib import Path
from typing import Any

import sentencepiece

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
sys.path.insert(0, str(ROOT / "tests" / "quantize" / "sources"))
import marian_models as models  # noqa: E402

SHARED, SOURCE, TARGET = (HERE / f"{kind}.zhen.spm" for kind in ("vocab", "srcvocab", "trgvocab"))
SYMBOLS = [f"__{name}__" for name in ("source", "target", "done", "start", "end")]
BEAM, FACTOR = 4, 2  # target tokens for each of the source's
OPUS_BEAM, OPUS_FACTOR = 6, 3
# Its older Marian ends itself, says nothing, or does not normalise the keys of pre-norm blocks.
NOT_IN_BERGAMOT = ("tied_layers", "untied_int8", "pre_norm")
TEXTS = [
    "我们的时间。",
    "今天天气很好",
    "hello world",
    "经济发展",
    "2024年，他说：是的！",
    "工业化",
    "人",
    "北京是中国的首都，历史悠久。",
    "this is a test of the engine",
    "第二个问题是什么？",
]


def train_vocabularies() -> None:
    """Small ones, with the options of Firefox's."""
    article = (ROOT / "tests" / "data" / "article.zh.txt").read_text(encoding="utf-8")
    chinese = article[:250].splitlines() + 20 * TEXTS
    chosen = random.Random(3)
    letters = "abcdefghilmnoprstuw"
    words = ["".join(chosen.choice(letters) for _ in range(n % 6 + 2)) for n in range(200)]
    english = [" ".join(chosen.choice(words) for _ in range(9)).capitalize() for _ in range(400)]
    english = [f"{line}." for line in english]
    for path, lines, size, rules in (
        (SHARED, chinese + english, 424, "nmt_nfkc"),
        (SOURCE, chinese, 440, "identity"),
        (TARGET, english, 344, "identity"),
    ):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "text").write_text("\n".join(lines), encoding="utf-8")
            sentencepiece.SentencePieceTrainer.train(
                input=f"{folder}/text",
                model_prefix=f"{folder}/trained",
                vocab_size=size,
                hard_vocab_limit=False,
                bos_id=-1,
                eos_id=0,
                unk_id=1,
                byte_fallback=True,
                split_digits=True,
                user_defined_symbols=SYMBOLS,
                normalization_rule_name=rules,
                character_coverage=0.98,
                minloglevel=2,
            )
            path.write_bytes((Path(folder) / "trained.model").read_bytes())


def paths(case: models.Case) -> list[Path]:
    return [SOURCE, TARGET] if case.separate else [SHARED, SHARED]


def vocabulary(path: Path) -> Any:
    return sentencepiece.SentencePieceProcessor(model_file=str(path))


def pieces(path: Path) -> list[str]:
    model = vocabulary(path)
    return [model.id_to_piece(i) for i in range(model.get_piece_size())]


def sizes(case: models.Case) -> tuple[int, int]:
    source, target = (vocabulary(path).get_piece_size() for path in paths(case))
    return source, target


def marian() -> dict[str, Any]:
    found = {}
    for name, case in models.CASES.items():
        target = pieces(paths(case)[1])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.npz"
            # Marian reads no intgemm: the floats that the integers stand for.
            values, text = models.meant(case, sizes(case)), models.options_yaml(case, sizes(case))
            models.write_npz(path, values, text)
            found[name] = {
                "beam1": translated(path, paths(case), TEXTS, target, 1, 0, FACTOR),
                f"beam{BEAM}": translated(path, paths(case), TEXTS, target, BEAM, 1, FACTOR),
            }
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        models.write_opus(folder, pieces(SHARED), SHARED.read_bytes())
        (path,), ids = folder.glob("*.npz"), 2 * [folder / "opus.vocab.yml"]
        target, encode = models.opus_pieces(pieces(SHARED)), vocabulary(SHARED).encode
        lines = [" ".join(encode(text, out_type=str)) for text in TEXTS]
        found["opus"] = {
            f"beam{beam}": translated(path, ids, lines, target, beam, 1, OPUS_FACTOR)
            for beam in (1, OPUS_BEAM)
        }
    return found


def translated(
    model: Path,
    vocabs: list[Path],
    texts: list[str],
    target: list[str],
    beam: int,
    normalize: float,
    factor: float,
) -> list[list[dict[str, Any]]]:
    """Marian's n-best for each text."""
    from pymarian import Translator

    translator = Translator(
        models=[str(model)],
        vocabs=[str(path) for path in vocabs],
        cpu_threads=1,
        beam_size=beam,
        normalize=normalize,
        max_length_factor=factor,
        quiet=True,
        quiet_translation=True,
        mini_batch=1,
        maxi_batch=1,
        workspace=256,
        n_best=True,
        word_scores=True,
        no_spm_decode=True,
    )
    return [parsed(translator.translate(text), target) for text in texts]


def parsed(lines: str, target: list[str]) -> list[dict[str, Any]]:
    """Hypotheses of an n-best list: ids with the end symbol, log p of each, the score."""
    found = []
    for line in lines.split("\n"):
        _, written, words, _, score = line.split(" ||| ")
        scores = [float(number) for number in words.replace("WordScores=", "").split()]
        ids = [target.index(piece) for piece in written.split()]
        ids += [0] * (len(scores) - len(ids))
        found.append({"ids": ids, "logprobs": scores, "score": float(score)})
    return found


def bergamot() -> dict[str, Any]:
    engine = extension()
    service = engine.Service(engine.ServiceConfig(numWorkers=1, logLevel="off"))
    found = {}
    for name, case in models.CASES.items():
        if case.quantised != models.INTGEMM16 and name not in NOT_IN_BERGAMOT:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"model{case.suffix}"
                models.write_model(path, case, sizes(case))
                model = service.modelFromConfig(json.dumps(settings(path, case)))
                # One by one: the longest text of a batch sets the longest length of all.
                found[name] = [
                    service.translate(model, engine.VectorString([text]), engine.ResponseOptions())[
                        0
                    ].target.text
                    for text in TEXTS
                ]
    return found


def extension() -> Any:
    """Bergamot's library; `import bergamot` would call a server."""
    folders = (Path(place) / "bergamot" for place in site.getsitepackages())
    (library,) = (path for folder in folders for path in folder.glob("_bergamot*.so"))
    spec = importlib.util.spec_from_file_location("_bergamot", library)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def settings(path: Path, case: models.Case) -> dict[str, Any]:
    """As Firefox has them."""
    return {
        "bergamot-mode": "native",
        "models": [str(path)],
        "vocabs": [str(vocabulary) for vocabulary in paths(case)],
        "beam-size": 1,
        "normalize": 1.0,
        "word-penalty": 0,
        "max-length-break": 128,
        "max-length-factor": 2.0,
        "mini-batch-words": 1024,
        "workspace": 128,
        "skip-cost": False,
        "cpu-threads": 1,
        "quiet": True,
        "quiet-translation": True,
        "gemm-precision": "int8" if case.quantised else "float32",
    }


if __name__ == "__main__":
    wanted = sys.argv[1]
    if wanted == "vocabularies":
        train_vocabularies()
    else:
        answers = {"marian": marian, "bergamot": bergamot}[wanted]()
        text = json.dumps({"texts": TEXTS, "cases": answers}, ensure_ascii=False, indent=0)
        text = re.sub(r"\[\n([^\[\]{}\"]*)\n\]", lambda row: f"[{' '.join(row[1].split())}]", text)
        (HERE / f"{wanted}.json").write_text(text + "\n", encoding="utf-8")
