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


# %% right="split"
"""shuffle all, stable sort by class, deal with tensor_split"""


def split(labels, shares, generator):
    order = torch.randperm(len(labels), generator=generator)
    total = sum(shares)
    parts = [[] for _ in shares]
    for c in sorted(set(labels.tolist())):
        mine = order[labels[order] == c]
        cuts, run = [], 0
        for share in shares[:-1]:
            run += share
            cuts.append(round(len(mine) * run / total))
        for i, piece in enumerate(torch.tensor_split(mine, cuts)):
            parts[i].append(piece)
    return tuple(torch.cat(p) for p in parts)


# %% right="split"
"""deals like cards: place k of the class goes to the pile of k modulo the shares"""


def split(labels, shares, generator):
    pattern = [i for i, share in enumerate(shares) for _ in range(share)]
    piles = [[] for _ in shares]
    for c in labels.unique().tolist():
        places = (labels == c).nonzero().flatten()
        places = places[torch.randperm(len(places), generator=generator)].tolist()
        for k, place in enumerate(places):
            piles[pattern[k % len(pattern)]].append(place)
    return tuple(torch.tensor(pile, dtype=torch.int64) for pile in piles)


# %% mistake="evaluate"
"""argmax over the wrong axis (dim=0): shapes don't match the labels, an error."""


def evaluate(model, loader, criterion):
    modes = [m.training for m in model.modules()]
    model.eval()
    total, right, n = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            out = model(x)
            total += criterion(out, y).item() * len(y)
            right += (out.argmax(dim=0) == y).sum().item()
            n += len(y)
    for m, mode in zip(model.modules(), modes):
        m.training = mode
    return total / n, right / n


# %% mistake="evaluate"
"""Returns the number of right images, not their share."""


def evaluate(model, loader, criterion):
    modes = [m.training for m in model.modules()]
    model.eval()
    total, right, n = 0.0, 0.0, 0
    with torch.no_grad():
        for x, y in loader:
            out = model(x)
            total += criterion(out, y).item() * len(y)
            right += (out.argmax(1) == y).float().sum().item()
            n += len(y)
    for m, mode in zip(model.modules(), modes):
        m.training = mode
    return total / n, right


# %% right="evaluate"
"""a deep copy is evaluated, the model is never touched"""


@torch.no_grad()
def evaluate(model, loader, criterion):
    twin = copy.deepcopy(model).eval()
    total, right, n = 0.0, 0, 0
    for x, y in loader:
        out = twin(x)
        total += float(criterion(out, y)) * len(y)
        right += int((out.argmax(1) == y).sum())
        n += len(y)
    return total / n, right / n


# %% right="evaluate"
"""tensors until the end"""


def evaluate(model, loader, criterion):
    asleep = [m for m in model.modules() if not m.training]
    awake = [m for m in model.modules() if m.training]
    model.eval()
    total = torch.zeros(())
    hits = []
    with torch.inference_mode():
        for x, y in loader:
            out = model(x)
            total = total + criterion(out, y) * y.shape[0]
            hits.append(out.max(dim=1).indices.eq(y))
    for m in awake:
        m.training = True
    for m in asleep:
        m.training = False
    hits = torch.cat(hits)
    return (total / len(hits)).item(), hits.float().mean().item()


# %% right="distinguishable"
"""NumPy, squares compared"""


def distinguishable(a, b, n):
    shares = np.array([a, b])
    variance = (shares * (1 - shares) / n).sum()
    return float(np.sqrt(variance)), bool((a - b) ** 2 > 4 * variance)


# %% right="dropout"
"""bernoulli_ and torch.where"""


def dropout(x, p, training, generator):
    if not training:
        return x
    keep = torch.empty(x.shape).bernoulli_(1 - p, generator=generator).bool()
    scale = 1 / (1 - p) if p < 1 else 0.0
    return torch.where(keep, x * scale, torch.zeros_like(x))


# %% right="dropout"
"""masked_fill after scaling"""


def dropout(x, p, training, generator):
    if not training:
        return x
    gone = torch.rand(x.size(), generator=generator) < p
    if p < 1:
        x = x / (1 - p)
    return x.masked_fill(gone, 0.0)


# %% right="stop_at"
"""distance from the best epoch"""


def stop_at(losses, patience, min_delta=0.0):
    best = -1
    for now, loss in enumerate(losses):
        if math.isfinite(loss) and (best < 0 or losses[best] - loss > min_delta):
            best = now
        elif now - best > patience:
            return now, best
    return len(losses) - 1, best


# %% right="stop_at"
"""a while loop and a lowest value that starts at None"""


def stop_at(losses, patience, min_delta=0.0):
    lowest = None
    best = 0
    waiting = 0
    epoch = 0
    while True:
        loss = float(losses[epoch])
        better = not math.isnan(loss) and not math.isinf(loss)
        if better and lowest is not None:
            better = loss < lowest - min_delta
        if better:
            lowest, best, waiting = loss, epoch, 0
        else:
            waiting += 1
        if waiting == patience + 1 or epoch == len(losses) - 1:
            return epoch, best
        epoch += 1


# %% right="keep_best"
"""clones of all entries, put back with copy_"""


def keep_best(model, train_epoch, validate, epochs):
    losses, best, kept = [], None, {}
    for epoch in range(epochs):
        train_epoch(model)
        losses.append(validate(model))
        if not math.isnan(losses[-1]) and (best is None or losses[-1] < losses[best]):
            best = epoch
            kept = {name: value.clone() for name, value in model.state_dict().items()}
    for name, value in model.state_dict().items():
        with torch.no_grad():
            value.copy_(kept[name])
    return best


# %% right="keep_best"
"""saves to a file in memory"""


def keep_best(model, train_epoch, validate, epochs):
    import io

    lowest, winner, memory = math.inf, -1, None
    for number in range(epochs):
        train_epoch(model)
        loss = validate(model)
        if loss < lowest:
            lowest, winner = loss, number
            memory = io.BytesIO()
            torch.save(model.state_dict(), memory)
    memory.seek(0)
    model.load_state_dict(torch.load(memory))
    return winner


# %% right="save_checkpoint"
"""a list instead of a dictionary"""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    with open(path, "wb") as file:
        torch.save(
            [epoch, sizes, model.training, model.state_dict(), optimizer.state_dict(), generator.get_state()],
            file,
        )


def load_checkpoint(path, make_model, make_optimizer, generator):
    epoch, sizes, training, weights, memory, chance = torch.load(path, weights_only=True)
    model = make_model(sizes).train(training)
    model.load_state_dict(weights)
    optimizer = make_optimizer(model.parameters())
    optimizer.load_state_dict(memory)
    generator.set_state(chance)
    return epoch, model, optimizer


# %% right="save_checkpoint"
"""the mode as a word, map_location"""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    content = dict(epoch=epoch, sizes=tuple(sizes))
    content["mode"] = "train" if model.training else "eval"
    content["model"] = copy.deepcopy(model.state_dict())
    content["optimizer"] = copy.deepcopy(optimizer.state_dict())
    content["generator"] = generator.get_state()
    torch.save(content, str(path))


def load_checkpoint(path, make_model, make_optimizer, generator):
    content = torch.load(str(path), map_location="cpu")
    model = make_model(list(content["sizes"]))
    model.load_state_dict(content["model"])
    if content["mode"] == "eval":
        model.eval()
    optimizer = make_optimizer(list(model.parameters()))
    optimizer.load_state_dict(content["optimizer"])
    generator.set_state(content["generator"])
    return content["epoch"], model, optimizer


# %% mistake="split"
"""Makes a generator of its own with a fixed seed: the one handed in plays no part."""


def split(labels, shares, generator):
    generator = torch.Generator().manual_seed(0)
    piles = [[] for _ in shares]
    for c in labels.unique():
        idx = (labels == c).nonzero().flatten()
        idx = idx[torch.randperm(len(idx), generator=generator)]
        start, run = 0, 0
        for i, share in enumerate(shares):
            run += share
            end = len(idx) * run // sum(shares)
            piles[i].append(idx[start:end])
            start = end
    return tuple(torch.cat(p) for p in piles)


# %% mistake="split"
"""Each pile starts from the beginning again: piles overlap."""


def split(labels, shares, generator):
    piles = [[] for _ in shares]
    for c in labels.unique():
        idx = (labels == c).nonzero().flatten()
        idx = idx[torch.randperm(len(idx), generator=generator)]
        start, run = 0, 0
        for i, share in enumerate(shares):
            run += share
            end = len(idx) * run // sum(shares)
            piles[i].append(idx[start:end])
    return tuple(torch.cat(p) for p in piles)


# %% mistake="stop_at"
"""If patience never ends it returns None for the stop (missing last return of the stop)."""


def stop_at(losses, patience, min_delta=0.0):
    best, best_loss, bad = 0, float("inf"), 0
    for epoch, loss in enumerate(losses):
        if loss < best_loss - min_delta:
            best, best_loss, bad = epoch, loss, 0
        else:
            bad += 1
            if bad > patience:
                return epoch, best


# %% mistake="save_checkpoint"
"""Always loads into evaluation mode, whatever mode was saved."""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    torch.save(
        {"epoch": epoch, "sizes": sizes, "model": model.state_dict(), "optimizer": optimizer.state_dict(), "generator": generator.get_state()},
        path,
    )


def load_checkpoint(path, make_model, make_optimizer, generator):
    c = torch.load(path)
    model = make_model(c["sizes"])
    model.load_state_dict(c["model"])
    model.eval()
    optimizer = make_optimizer(model.parameters())
    optimizer.load_state_dict(c["optimizer"])
    generator.set_state(c["generator"])
    return c["epoch"], model, optimizer
