"""Optimisers, and what they need on CPUs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.quantize


def test_each_parameter_has_one_optimiser(network: Any) -> None:
    from training.optimisers import optimisers

    muon, adamw = optimisers(network, 1e-3)
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    found = [
        [names[id(p)] for group in o.param_groups for p in group["params"]] for o in (muon, adamw)
    ]
    assert sorted(found[0] + found[1]) == sorted(names.values())
    assert "encoder.0.attn.q.weight" in found[0]
    tables = {"src_emb.weight", "trg_emb.weight", "src_bias", "semantic.0.attn.rpr_k"}
    assert tables <= set(found[1])


def test_muon_in_float32_is_torchs_but_for_its_precision() -> None:
    import torch
    from torch.optim import _muon

    from training.optimisers import newton_schulz_float32

    torch.manual_seed(0)
    for shape in ((6, 10), (10, 6)):
        gradient = torch.randn(shape)
        arguments = (gradient, (3.4445, -4.775, 2.0315), 5, 1e-7)
        found = newton_schulz_float32(*arguments)
        expected = _muon._zeropower_via_newtonschulz(*arguments).float()
        np.testing.assert_allclose(found, expected, atol=0.03)
        singular = torch.linalg.svdvals(found)
        assert singular.min() > 0.6
        assert singular.max() < 1.3


def test_a_cpu_without_bfloat16_gets_muon_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from torch.optim import _muon

    from training import optimisers

    usual, cpu = _muon._zeropower_via_newtonschulz, torch.device("cpu")
    for supported, expected in ((False, optimisers.newton_schulz_float32), (True, usual)):
        monkeypatch.setattr(
            torch.cpu, "_is_avx512_bf16_supported", lambda supported=supported: supported
        )
        assert optimisers.half_precision(cpu) == supported
        with optimisers.suited_to(cpu):
            assert _muon._zeropower_via_newtonschulz is expected
        assert _muon._zeropower_via_newtonschulz is usual
