import torch

from inference.devices import devices

GIB = 2**30


def test_a_machine_without_a_gpu_has_host_memory_alone():
    found = devices()

    if not torch.cuda.is_available():
        assert found.gpus == ()
    assert 1e8 < found.host < 1e14


def test_every_gpu_is_asked_for_what_is_free(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda at: ((at + 5) * GIB, 16 * GIB))
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation
    )

    found = devices()

    assert found.gpus == (5 * GIB, 6 * GIB)
    assert found.half == "fp16"  # as on a T4, which only emulates bf16
