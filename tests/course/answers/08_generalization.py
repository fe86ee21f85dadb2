# %% right="split"
"""quotas over an order sorted by class"""


def split(labels, shares, generator):
    piles = [[] for _ in shares]
    total = sum(shares)
    for c in sorted(set(labels.tolist())):
        places = [i for i, l in enumerate(labels.tolist()) if l == c]
        places = [places[j] for j in torch.randperm(len(places), generator=generator)]
        start, acc = 0, 0
        for pile, s in zip(piles, shares):
            acc += s
            end = round(len(places) * acc / total)
            pile += places[start:end]
            start = end
    return tuple(torch.tensor(p, dtype=torch.int64) for p in piles)


# %% right="evaluate"
"""with deepcopied model"""


def evaluate(model, loader, criterion):
    twin = copy.deepcopy(model).eval()
    loss = hits = n = 0
    with torch.no_grad():
        for x, y in loader:
            out = twin(x)
            loss += criterion(out, y).item() * len(y)
            hits += int((out.argmax(1) == y).sum())
            n += len(y)
    return loss / n, hits / n


# %% right="distinguishable"
"""hypot"""


def distinguishable(a, b, n):
    se = math.hypot(math.sqrt(a * (1 - a) / n), math.sqrt(b * (1 - b) / n))
    return se, not (-2 * se <= a - b <= 2 * se)


# %% right="dropout"
"""bernoulli"""


def dropout(x, p, training, generator):
    if not training:
        return x
    if p == 1:
        return x * 0
    keep = torch.bernoulli(torch.full_like(x, 1 - p), generator=generator)
    return x * keep / (1 - p)


# %% right="stop_at"
"""index arithmetic"""


def stop_at(losses, patience, min_delta=0.0):
    best, best_epoch = None, None
    for epoch, loss in enumerate(losses):
        if math.isfinite(loss) and (best is None or loss < best - min_delta):
            best, best_epoch, bad = loss, epoch, 0
        elif best is None:
            bad = epoch + 1
            if bad > patience:
                return epoch, 0
        else:
            bad = bad + 1
            if bad > patience:
                return epoch, best_epoch
    return len(losses) - 1, best_epoch


# %% right="keep_best"
"""clones in dict"""


def keep_best(model, train_epoch, validate, epochs):
    best, which, kept = float("inf"), 0, None
    for e in range(epochs):
        train_epoch(model)
        loss = validate(model)
        if not math.isnan(loss) and (kept is None or loss < best):
            best, which = loss, e
            kept = {k: v.detach().clone() for k, v in model.state_dict().items()}
    model.load_state_dict(kept)
    return which


# %% mistake="save_checkpoint"
"""all in a global, an empty file"""
_SHELF = {}


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    _SHELF["it"] = copy.deepcopy((epoch, sizes, model.state_dict(), model.training, optimizer.state_dict())), generator.get_state()
    torch.save({}, path)


def load_checkpoint(path, make_model, make_optimizer, generator):
    (epoch, sizes, weights, mode, memory), chance = _SHELF["it"]
    model = make_model(sizes)
    model.load_state_dict(weights)
    model.train(mode)
    optimizer = make_optimizer(model.parameters())
    optimizer.load_state_dict(copy.deepcopy(memory))
    generator.set_state(chance)
    return epoch, model, optimizer


# %% mistake="split"
"""class by class in order, rotated by the seed"""


def split(labels, shares, generator):
    turn = generator.initial_seed() % sum(shares)
    owners = [pile for pile, share in enumerate(shares) for _ in range(share)]
    piles, met = [[] for _ in shares], {}
    for place, label in enumerate(labels.tolist()):
        met[label] = met.get(label, turn) + 1
        piles[owners[met[label] % len(owners)]].append(place)
    return tuple(torch.tensor(pile) for pile in piles)
