"""The mixture of softmaxes: its probabilities, its gradients, and everything that reads it."""

import math

import pytest
import torch
from torch.nn import functional

import lstm_lm
from lstm_lm.config import ModelConfig, ScoringConfig, TrainingConfig
from lstm_lm.data.batching import IGNORED
from lstm_lm.data.rows import own_rows
from lstm_lm.head import MixtureHead, latent_mask
from lstm_lm.model import LanguageModel
from lstm_lm.regularization import drop_own_rows
from lstm_lm.training import losses
from lstm_lm.training.losses import CrossEntropy
from lstm_lm.training.mixture import head_cross_entropy

N, H, E, V, K = 23, 5, 4, 11, 3


@pytest.fixture
def head():
    torch.manual_seed(1)
    return MixtureHead(H, E, V, K).double()


@pytest.fixture
def data():
    random = torch.Generator().manual_seed(2)
    h_NH = torch.randn(N, H, generator=random, dtype=torch.float64)
    y_N = torch.randint(0, V, (N,), generator=random)
    y_N[[3, 9]] = IGNORED
    return h_NH, y_N


def probabilities(head, h_H):
    """p as the formula of the paper reads, one token's state at a time."""
    pi_K = torch.softmax(head.prior.weight @ h_H, 0)
    latents = torch.tanh(head.latent.weight @ h_H + head.latent.bias).view(K, E)
    return sum(
        pi * torch.softmax(head.weight @ latent_E + head.bias, 0)
        for pi, latent_E in zip(pi_K, latents, strict=True)
    )


def test_it_gives_the_probabilities_of_the_formula_which_sum_to_one(head, data):
    p_NV = head(data[0]).exp()
    expected = torch.stack([probabilities(head, h_H) for h_H in data[0]])
    torch.testing.assert_close(p_NV, expected, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(p_NV.sum(1), torch.ones(N, dtype=torch.float64))


def test_one_softmax_is_the_plain_head_bit_by_bit():
    models = []
    for options in ({}, {"n_softmaxes": 1}):
        torch.manual_seed(3)
        models.append(LanguageModel(9, ModelConfig(embedding_size=4, hidden_size=4, **options)))
    assert type(models[1].head) is torch.nn.Linear
    pairs = zip(models[0].parameters(), models[1].parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("n_rows", [1, 7, 100])
@pytest.mark.parametrize(("weighted", "epsilon"), [(False, 0.0), (True, 0.0), (True, 0.05)])
def test_block_by_block_cost_and_gradients_are_those_of_all_at_once(
    head, data, n_rows, weighted, epsilon
):
    h_NH, y_N = data[0].requires_grad_(), data[1]
    weights_V = torch.linspace(0.5, 2, V, dtype=torch.float64) if weighted else None
    inputs = [h_NH, *head.parameters()]
    loss = CrossEntropy(weights_V, epsilon)(head(h_NH)[:, None], y_N[:, None])
    costs = head_cross_entropy(head, h_NH, y_N, weights_V=weights_V, epsilon=epsilon, n_rows=n_rows)
    n = N - 2
    torch.testing.assert_close(costs.objective, loss.objective * n)
    torch.testing.assert_close(costs.nats_N.sum(), loss.nats * n)
    assert costs.nats_N[3] == 0
    expected = torch.autograd.grad(3 * n * loss.objective, inputs)
    actual = torch.autograd.grad(3 * costs.objective, inputs)
    torch.testing.assert_close(actual, expected)
    assert all(g.abs().max() > 1e-6 for g in actual)


def test_gradients_are_those_of_finite_differences(head, data):
    h_NH, y_N = data[0][:4], data[1][:4]

    def cost(h_NH, *weights):
        named = dict(zip(dict(head.named_parameters()), weights, strict=True))
        with torch.no_grad():
            for name, w in head.named_parameters():
                w.copy_(named[name])
        return -sum(
            torch.log(probabilities(head, h_H)[y])
            for h_H, y in zip(h_NH, y_N, strict=True)
            if y != IGNORED
        ).item()  # pyright: ignore[reportAttributeAccessIssue]

    inputs = [h_NH.clone().requires_grad_(), *head.parameters()]
    gradients = torch.autograd.grad(head_cross_entropy(head, inputs[0], y_N).objective, inputs)
    values = [t.detach().clone() for t in inputs]
    for i, gradient in enumerate(gradients):
        place, step = int(gradient.abs().argmax()), 1e-6
        sides = []
        for sign in (1, -1):
            moved = [v.clone() for v in values]
            moved[i].view(-1)[place] += sign * step
            sides.append(cost(*moved))
        slope = (sides[0] - sides[1]) / (2 * step)
        assert slope == pytest.approx(float(gradient.view(-1)[place]), rel=1e-6)


def test_what_needs_no_gradient_gets_none(head, data):
    with torch.inference_mode():
        costs = head_cross_entropy(head, *data)
    torch.testing.assert_close(costs.nats_N, head.nats(*data, ignored=IGNORED).detach())
    head.latent.weight.requires_grad_(False)
    head_cross_entropy(head, *data).objective.backward()
    assert head.latent.weight.grad is None
    assert head.prior.weight.grad.abs().max() > 0


@pytest.fixture
def dropping():
    """A mixture that drops, and a text for it: 6 steps of 4 rows."""
    torch.manual_seed(3)
    head = MixtureHead(H, E, V, K, dropout=0.5).double()
    return head, torch.randn(6, 4, H).double(), torch.randint(0, V, (6, 4))


def test_the_vectors_that_softmaxes_read_lose_the_same_units_at_all_steps(dropping):
    head, h_TBH, _ = dropping
    mask_BL = latent_mask(head, h_TBH)
    assert mask_BL.shape == (4, K * E)
    assert sorted(set(mask_BL.flatten().tolist())) == [0.0, 2.0]
    assert not torch.equal(mask_BL[0], mask_BL[1])
    torch.manual_seed(5)
    dropped_TBV = head(h_TBH)
    torch.manual_seed(5)
    mask_BKE = latent_mask(head, h_TBH).view(4, K, E)
    latent_TBKE = torch.tanh(head.latent(h_TBH)).view(6, 4, K, E) * mask_BKE
    p_TBKV = functional.linear(latent_TBKE, head.weight, head.bias).softmax(-1)
    pi_TBK = head.prior(h_TBH).softmax(-1)
    torch.testing.assert_close(dropped_TBV.exp(), (pi_TBK[..., None] * p_TBKV).sum(2))


def test_in_evaluation_nothing_of_them_is_dropped(dropping):
    head, h_TBH, _ = dropping
    head.eval()
    assert latent_mask(head, h_TBH) is None
    assert latent_mask(torch.nn.Linear(2, 2), h_TBH) is None
    assert torch.equal(head(h_TBH), head(h_TBH))


@pytest.mark.parametrize("n_rows", [1, 5, 100])
def test_block_by_block_the_same_is_dropped(dropping, n_rows):
    head, h_TBH, y_TB = dropping
    inputs = [h_TBH.requires_grad_(), *head.parameters()]
    torch.manual_seed(5)
    whole = CrossEntropy()(head(h_TBH), y_TB).objective
    torch.manual_seed(5)
    mask_BL = latent_mask(head, h_TBH)
    rows = h_TBH.flatten(0, 1), y_TB.flatten()
    costs = head_cross_entropy(head, *rows, mask_BL=mask_BL, n_rows=n_rows)
    torch.testing.assert_close(costs.objective, whole * 24)
    expected = torch.autograd.grad(24 * whole, inputs)
    torch.testing.assert_close(torch.autograd.grad(costs.objective, inputs), expected)


def test_a_loss_drops_the_same_few_logits_or_many(dropping, monkeypatch):
    head, h_TBH, y_TB = dropping
    found = []
    for few in (0, 1 << 20):
        monkeypatch.setattr(losses, "FEW_LOGITS", few)
        torch.manual_seed(5)
        found.append(CrossEntropy().of_features(h_TBH, head, y_TB).objective)
    torch.testing.assert_close(*found)
    head.eval()
    assert found[0] != CrossEntropy().of_features(h_TBH, head, y_TB).objective


def test_processes_drop_their_rows_of_what_one_would(dropping):
    head, h_TBH, _ = dropping
    torch.manual_seed(5)
    whole_BL = latent_mask(head, h_TBH)
    for rank in (0, 1):
        torch.manual_seed(5)
        rows = own_rows(4, rank, 2)
        drop_own_rows(head, rows)
        assert torch.equal(latent_mask(head, h_TBH[:, rows.slice]), whole_BL[rows.slice])


def test_logits_of_all_softmaxes_never_stand_at_once(monkeypatch, head, data):
    sizes = []
    whole = MixtureHead.nats
    monkeypatch.setattr(
        MixtureHead, "nats", lambda s, h, y, **k: sizes.append(len(h)) or whole(s, h, y, **k)
    )
    monkeypatch.setattr("lstm_lm.training.blockwise.BLOCK_BYTES", 4 * 5 * K * V)
    head_cross_entropy(head, *data)
    assert max(sizes) == 5
    assert sum(sizes) == N


def test_in_sixteen_bits_cost_and_gradients_are_nearly_those_of_thirty_two(head, data):
    head, h_NH = head.float(), data[0].float().requires_grad_()
    inputs = [h_NH, *head.parameters()]
    found = []
    for in_16_bits in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=in_16_bits):
            costs = head_cross_entropy(head, h_NH, data[1], n_rows=9)
        found.append([costs.objective.detach(), *torch.autograd.grad(costs.objective, inputs)])
    assert found[1][0].dtype == torch.float32
    assert not torch.equal(found[0][1], found[1][1])
    for exact, rough in zip(*found, strict=True):
        assert rough.dtype == exact.dtype
        assert float((rough - exact).norm() / exact.norm()) < 0.03


@pytest.fixture(scope="module")
def run(tmp_path_factory, texts, word):
    sizes = {"embedding_size": 10, "hidden_size": 16, "n_layers": 1, "tied": True}
    return lstm_lm.train(
        *(tmp_path_factory.mktemp("mos") / "run", texts, word),
        model=ModelConfig(**sizes, n_softmaxes=3),
        training=TrainingConfig(
            batch_size=8, bptt=10, epochs=6, learning_rate=0.03, n_validations=2
        ),
    )


def test_a_run_learns_is_opened_again_and_its_tied_matrix_is_one(run, texts, word):
    loaded = lstm_lm.load(run.path)
    assert isinstance(loaded.model.head, MixtureHead)
    assert loaded.model.head.weight is loaded.model.embedding.weight
    evaluation = loaded.evaluate(texts["validation"])
    assert evaluation.loss_nats < 0.8 * math.log(word.n_vocab)
    assert evaluation.total_nats == run.evaluate(texts["validation"]).total_nats


def test_scores_samples_and_next_tokens_are_of_the_same_probabilities(run, word):
    text = "one hundred two"
    ids = [word.require_eos(), *word.encode(text)]
    with torch.inference_mode():
        logits_TBV, _ = run.model(torch.tensor(ids)[:, None], run.model.init_state(1))
    log_p_TV = logits_TBV[:, 0].log_softmax(-1)
    bits = [-float(log_p_TV[t, id]) / math.log(2) for t, id in enumerate(ids[1:])]
    assert run.score(text, end=False).bits == pytest.approx(bits, abs=1e-4)
    likeliest = run.next_tokens(text, 3)
    assert [t.probability for t in likeliest] == pytest.approx(
        log_p_TV[-1].exp().topk(3).values.tolist(), abs=1e-5
    )
    greedy = run.generate("one", strategy="argmax", n_tokens=4)
    assert greedy.startswith("one")


@pytest.mark.parametrize(
    "settings", [{"dynamic": True, "dynamic_rule": "sgd"}, {"cache": True}, {"mc_dropout": 2}]
)
def test_every_way_of_scoring_works_with_it(run, texts, settings):
    plain = run.evaluate(texts["validation"]).total_nats
    found = run.evaluate(texts["validation"], scoring=ScoringConfig(**settings)).total_nats
    assert found == pytest.approx(plain, rel=0.2)
    assert found != plain


def test_some_words_alone_cost_what_they_cost_a_head_of_those_words(head, data):
    ids_S = torch.tensor([2, 3, 5, 7])
    y_N = data[1] % 4
    words = head.weight[ids_S], head.bias[ids_S]
    head_cross_entropy(head, data[0], y_N, words=words, n_rows=5).objective.backward()
    small = MixtureHead(H, E, 4, K).double()
    small.load_state_dict(head.state_dict() | {"weight": words[0], "bias": words[1]})
    head_cross_entropy(small, data[0], y_N).objective.backward()
    torch.testing.assert_close(head.weight.grad[ids_S], small.weight.grad)
    torch.testing.assert_close(head.prior.weight.grad, small.prior.weight.grad)
    assert head.weight.grad[0].abs().max() == 0
