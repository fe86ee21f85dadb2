# %% [markdown]
# Answers to lesson 08: right ones written in other ways, and the mistakes people make.

# %% [markdown]
# ## split


# %% right="split"
"""every image gets a place within its class, and the place decides the pile"""


def split(labels, shares, generator):
    order = torch.randperm(len(labels), generator=generator)
    owners = [pile for pile, share in enumerate(shares) for _ in range(share)]
    piles, met = [[] for _ in shares], {}
    for place in order.tolist():
        label = int(labels[place])
        turn = met.get(label, 0)
        met[label] = turn + 1
        piles[owners[turn % len(owners)]].append(place)
    return tuple(torch.tensor(pile, dtype=torch.int64) for pile in piles)


# %% right="split"
"""rounded sizes, the rest into the last pile"""


def split(labels, shares, generator):
    parts = [[] for _ in shares]
    for label in set(labels.tolist()):
        places = torch.nonzero(labels == label)[:, 0]
        places = places[torch.randperm(len(places), generator=generator)]
        sizes = [round(len(places) * share / sum(shares)) for share in shares[:-1]]
        for part, piece in zip(parts, places.split([*sizes, len(places) - sum(sizes)])):
            part.append(piece)
    return tuple(torch.cat(part) for part in parts)


# %% right="split"
"""without a loop over classes: sorted by class and lot, then the rank within the class is compared with the cuts"""


def split(labels, shares, generator):
    lot = torch.rand(len(labels), generator=generator, dtype=torch.float64)
    _, kind, size = torch.unique(labels, return_inverse=True, return_counts=True)
    order = torch.argsort(kind + lot)
    start = torch.cumsum(size, 0) - size
    rank = torch.arange(len(labels)) - start[kind[order]]
    cuts = torch.cumsum(torch.tensor(shares), 0) * size[kind[order]].unsqueeze(1) // sum(shares)
    pile = (rank.unsqueeze(1) >= cuts).sum(dim=1)
    return tuple(order[pile == number] for number in range(len(shares)))


# %% right="split"
"""Python's own shuffle, from a private stream that the generator seeds"""


def split(labels, shares, generator):
    stream = random.Random(int(torch.randint(2**31, (1,), generator=generator)))
    piles = [[] for _ in shares]
    for label in labels.unique().tolist():
        places = [place for place, other in enumerate(labels.tolist()) if other == label]
        stream.shuffle(places)
        begin = 0
        for number in range(len(shares)):
            end = len(places) * sum(shares[: number + 1]) // sum(shares)
            piles[number] += places[begin:end]
            begin = end
    return [torch.tensor(sorted(pile), dtype=torch.int64) for pile in piles]


# %% mistake="split"
"""You dealt all images at random, whatever their class. On average every pile gets its share of a class, but only on
average. Deal class by class."""


def split(labels, shares, generator):
    order = torch.randperm(len(labels), generator=generator)
    cuts = [len(labels) * sum(shares[:n]) // sum(shares) for n in range(len(shares) + 1)]
    return tuple(order[a:b] for a, b in zip(cuts, cuts[1:]))


# %% mistake="split"
"""You cut the images in the order in which they come. Whether a pile gets its share of a class is left to whoever wrote
the file, and the generator plays no part."""


def split(labels, shares, generator):
    order = torch.arange(len(labels))
    cuts = [len(labels) * sum(shares[:n]) // sum(shares) for n in range(len(shares) + 1)]
    return tuple(order[a:b] for a, b in zip(cuts, cuts[1:]))


# %% mistake="split"
"""You sorted by class and then cut: the first pile holds nothing but the first classes, the last one nothing but the
last. Cut *within* each class."""


def split(labels, shares, generator):
    order = labels.argsort(stable=True)
    cuts = [len(labels) * sum(shares[:n]) // sum(shares) for n in range(len(shares) + 1)]
    return tuple(order[a:b] for a, b in zip(cuts, cuts[1:]))


# %% mistake="split"
"""Every class has its share, but another generator gives the same piles: nothing is mixed, or the chance comes from a
generator of your own. Mix the places of a class with the generator that is handed in, then cut."""


def split(labels, shares, generator):
    piles = [[] for _ in shares]
    for label in labels.unique():
        places = (labels == label).nonzero().flatten()
        cuts = [len(places) * sum(shares[:n]) // sum(shares) for n in range(len(shares) + 1)]
        for n, pile in enumerate(piles):
            pile.append(places[cuts[n] : cuts[n + 1]])
    return tuple(torch.cat(pile) for pile in piles)


# %% mistake="split"
"""The chance comes from torch's global generator and not from the one that was handed in. The same generator then
gives other piles every time, and whoever draws numbers afterwards gets other ones, too."""


def split(labels, shares, generator):
    piles = [[] for _ in shares]
    for label in labels.unique():
        places = (labels == label).nonzero().flatten()
        places = places[torch.randperm(len(places))]
        cuts = [len(places) * sum(shares[:n]) // sum(shares) for n in range(len(shares) + 1)]
        for n, pile in enumerate(piles):
            pile.append(places[cuts[n] : cuts[n + 1]])
    return tuple(torch.cat(pile) for pile in piles)


# %% mistake="split"
"""You seeded torch's global generator. The piles can be had again that way, but they do not depend on `generator`, and
all chance in the rest of the program starts anew. Draw from the generator you are given."""


def split(labels, shares, generator):
    torch.manual_seed(0)
    piles = [[] for _ in shares]
    for label in labels.unique():
        places = (labels == label).nonzero().flatten()
        places = places[torch.randperm(len(places))]
        cuts = [len(places) * sum(shares[:n]) // sum(shares) for n in range(len(shares) + 1)]
        for n, pile in enumerate(piles):
            pile.append(places[cuts[n] : cuts[n + 1]])
    return tuple(torch.cat(pile) for pile in piles)


# %% mistake="split"
"""Each pile drew its images from *all* images of the class, so some are in two piles and others in none. An image that
is in the training pile and in the test pile is a leak. Mix once, then cut."""


def split(labels, shares, generator):
    piles = []
    for share in shares:
        pile = []
        for label in labels.unique():
            places = (labels == label).nonzero().flatten()
            mixed = places[torch.randperm(len(places), generator=generator)]
            pile.append(mixed[: len(places) * share // sum(shares)])
        piles.append(torch.cat(pile))
    return tuple(piles)


# %% mistake="split"
"""Places were drawn *with* replacement: some images come several times, others never. A permutation has each of them
once."""


def split(labels, shares, generator):
    piles = [[] for _ in shares]
    for label in labels.unique():
        places = (labels == label).nonzero().flatten()
        places = places[torch.randint(len(places), (len(places),), generator=generator)]
        cuts = [len(places) * sum(shares[:n]) // sum(shares) for n in range(len(shares) + 1)]
        for n, pile in enumerate(piles):
            pile.append(places[cuts[n] : cuts[n + 1]])
    return tuple(torch.cat(pile) for pile in piles)


# %% mistake="split"
"""A few images are missing: every share was rounded down, and what remained was left lying. Let the last pile take
the rest."""


def split(labels, shares, generator):
    piles = [[] for _ in shares]
    for label in labels.unique():
        places = (labels == label).nonzero().flatten()
        places = places[torch.randperm(len(places), generator=generator)]
        begin = 0
        for n, share in enumerate(shares):
            size = len(places) * share // (sum(shares) + 1)
            piles[n].append(places[begin : begin + size])
            begin += size
    return tuple(torch.cat(pile) for pile in piles)


# %% mistake="split"
"""These are places *within* a class, from 0 on in each of them. Asked for are places among all labels. Which images
had these numbers before you looked at one class alone?"""


def split(labels, shares, generator):
    piles = [[] for _ in shares]
    for label in labels.unique():
        size = int((labels == label).sum())
        mixed = torch.randperm(size, generator=generator)
        cuts = [size * sum(shares[:n]) // sum(shares) for n in range(len(shares) + 1)]
        for n, pile in enumerate(piles):
            pile.append(mixed[cuts[n] : cuts[n + 1]])
    return tuple(torch.cat(pile) for pile in piles)


# %% mistake="split"
"""You returned the labels of the images in each pile. Asked for are their places: with a place one finds the image and
its label, with a label neither."""


def split(labels, shares, generator):
    piles = [[] for _ in shares]
    for label in labels.unique():
        places = (labels == label).nonzero().flatten()
        mixed = places[torch.randperm(len(places), generator=generator)]
        cuts = [len(mixed) * sum(shares[:n]) // sum(shares) for n in range(len(shares) + 1)]
        for n, pile in enumerate(piles):
            pile.append(labels[mixed[cuts[n] : cuts[n + 1]]])
    return tuple(torch.cat(pile) for pile in piles)


# %% mistake="split"
"""Every pile got equally much of every class. `shares` says in which proportion: with (3, 1, 1), the first is three
times as large as each of the others."""


def split(labels, shares, generator):
    piles = [[] for _ in shares]
    for label in labels.unique():
        places = (labels == label).nonzero().flatten()
        mixed = places[torch.randperm(len(places), generator=generator)]
        for pile, piece in zip(piles, mixed.tensor_split(len(shares))):
            pile.append(piece)
    return tuple(torch.cat(pile) for pile in piles)


# %% mistake="split"
"""You go through the classes 0 to 9. Labels are any whole numbers: ask the labels which classes there are."""


def split(labels, shares, generator):
    piles = [[] for _ in shares]
    for c in range(10):
        pl = (labels == c).nonzero().flatten()
        pl = pl[torch.randperm(len(pl), generator=generator)]
        acc = 0
        start = 0
        for k, s in enumerate(shares):
            acc += s
            end = len(pl) * acc // sum(shares)
            piles[k].append(pl[start:end])
            start = end
    return tuple(torch.cat(p) for p in piles)

# %% mistake="split"
"""Some images are in no pile: each share was rounded down, and nobody takes what is left over. Let the last
pile have it."""


def split(labels, shares, generator):
    piles = [[] for _ in shares]
    for c in labels.unique():
        pl = (labels == c).nonzero().flatten()
        pl = pl[torch.randperm(len(pl), generator=generator)]
        start = 0
        for k, s in enumerate(shares):
            n = len(pl) * s // sum(shares)
            piles[k].append(pl[start : start + n])
            start += n
    return tuple(torch.cat(p) for p in piles)

# %% mistake="split"
"""Every pile begins at the first image of the class, so the piles overlap. Each must begin where the one
before ended."""


def split(labels, shares, generator):
    piles = [[] for _ in shares]
    for c in labels.unique():
        pl = (labels == c).nonzero().flatten()
        pl = pl[torch.randperm(len(pl), generator=generator)]
        for k, s in enumerate(shares):
            piles[k].append(pl[: len(pl) * s // sum(shares)])
    return tuple(torch.cat(p) for p in piles)


# %% mistake="split"
"""You cut each class by shares of *all* images. No class is that long, so the first pile takes far too much of it.
Cut by shares of the class."""


def split(labels, shares, generator):
    piles = [[] for _ in shares]
    for c in labels.unique():
        idx = (labels == c).nonzero().flatten()
        idx = idx[torch.randperm(len(idx), generator=generator)]
        start, run = 0, 0
        for i, share in enumerate(shares):
            run += share
            end = len(labels) * run // sum(shares)
            piles[i].append(idx[start:end])
            start = end
    return tuple(torch.cat(p) for p in piles)


# %% mistake="split"
"""Every class has its share, but another generator gives the same piles: nothing is mixed, or the chance comes from
a generator of your own. Mix the places of a class with the generator that is handed in, then cut."""


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
"""You mixed the labels first, and then gave the places in the *mixed* row. They are other images there than in the
labels that were handed in: mix places, not labels."""


def split(labels, shares, generator):
    labels = labels[torch.randperm(len(labels), generator=generator)]
    piles = [[] for _ in shares]
    for c in labels.unique():
        idx = (labels == c).nonzero().flatten()
        start, run = 0, 0
        for i, share in enumerate(shares):
            run += share
            end = len(idx) * run // sum(shares)
            piles[i].append(idx[start:end])
            start = end
    return tuple(torch.cat(p) for p in piles)


# %% [markdown]
# ## evaluate


# %% right="evaluate"
"""a copy is measured, so the model itself is never touched"""


def evaluate(model, loader, criterion):
    copied = copy.deepcopy(model).eval()
    losses, hits, sizes = [], [], []
    with torch.inference_mode():
        for x, y in loader:
            logits = copied(x)
            losses.append(criterion(logits, y).item() * len(y))
            hits.append((logits.argmax(1) == y).sum().item())
            sizes.append(len(y))
    return sum(losses) / sum(sizes), sum(hits) / sum(sizes)


# %% right="evaluate"
"""one long batch of everything, modes put back in finally"""


def evaluate(model, loader, criterion):
    modes = {name: part.training for name, part in model.named_modules()}
    try:
        model.train(False)
        batches = list(loader)
        x, y = torch.cat([x for x, _ in batches]), torch.cat([y for _, y in batches])
        with torch.no_grad():
            logits = model(x)
            loss = criterion(logits, y).item()
        return loss, (logits.max(dim=1).indices == y).double().mean().item()
    finally:
        for name, part in model.named_modules():
            part.training = modes[name]


# %% right="evaluate"
"""a decorator against recording, only the parts that were awake are woken, from the innermost"""


@torch.no_grad()
def evaluate(model, loader, criterion):
    awake = [part for part in model.modules() if part.training]
    for part in awake:
        part.training = False
    results = torch.zeros(3, dtype=torch.float64)
    for x, y in loader:
        logits = model.forward(x)
        right = torch.eq(torch.argmax(logits, dim=-1), y).sum()
        results += torch.stack([criterion(logits, y).double() * len(y), right.double(), torch.tensor(float(len(y)))])
    for part in awake:
        part.training = True
    loss, right, count = results.tolist()
    return loss / count, right / count


# %% right="evaluate"
"""two passes through the loader, a running mean, switches turned by hand"""


def evaluate(model, loader, criterion):
    before, recording = [part.training for part in model.modules()], torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    model.eval()
    loss, seen = 0.0, 0
    for inputs, labels in loader:
        seen += labels.numel()
        loss += (float(criterion(model(inputs), labels)) - loss) * labels.numel() / seen
    right = np.concatenate([(model(x).numpy().argmax(1) == y.numpy()) for x, y in loader])
    for part, mode in zip(model.modules(), before):
        part.train(mode) if not list(part.children()) else setattr(part, "training", mode)
    torch.set_grad_enabled(recording)
    return loss, float(right.mean())


# %% right="evaluate"
"""divided by the length of the loader's dataset"""


def evaluate(model, loader, criterion):
    def each_part(change):
        for part in model.modules():
            change(part)

    noted = {}
    each_part(lambda part: noted.update({part: part.training}))
    each_part(lambda part: setattr(part, "training", False))
    loss, right = 0, 0
    for images, labels in loader:
        with torch.no_grad():
            output = model(images)
            loss += criterion(output, labels).item() * images.size(0)
            right += torch.sum(output.max(1)[1] == labels).item()
    each_part(lambda part: setattr(part, "training", noted[part]))
    return loss / len(loader.dataset), right / len(loader.dataset)


# %% mistake="evaluate"
"""You measured in training mode: dropout was awake, and batch normalisation used the means of the batch and moved its
own. `no_grad` changes none of that."""


def evaluate(model, loader, criterion):
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            total += criterion(logits, y).item() * len(y)
            right += (logits.argmax(dim=1) == y).sum().item()
            count += len(y)
    return total / count, right / count


# %% mistake="evaluate"
"""The numbers are right, but the model stays in evaluation mode. If training goes on now, it goes on without dropout.
Put the modes back."""


def evaluate(model, loader, criterion):
    model.eval()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            total += criterion(logits, y).item() * len(y)
            right += (logits.argmax(dim=1) == y).sum().item()
            count += len(y)
    return total / count, right / count


# %% mistake="evaluate"
"""Afterwards *all* parts are in training mode, whatever they were in before. A part that was put to sleep on purpose is
awake now, and so is a model that was only to be used. Note the mode of each part first."""


def evaluate(model, loader, criterion):
    model.eval()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            total += criterion(logits, y).item() * len(y)
            right += (logits.argmax(dim=1) == y).sum().item()
            count += len(y)
    model.train()
    return total / count, right / count


# %% mistake="evaluate"
"""In the end all parts have the mode of the whole model. A part may have one of its own: a frozen one was woken here, or
an awake one put to sleep. (`train(mode)` sets a part and all that is inside it.)"""


def evaluate(model, loader, criterion):
    was_training = model.training
    model.eval()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            total += criterion(logits, y).item() * len(y)
            right += (logits.argmax(dim=1) == y).sum().item()
            count += len(y)
    model.train(was_training)
    return total / count, right / count


# %% mistake="evaluate" slip=true
"""Everything was recorded for a backward pass that never comes: that costs memory and time. Evaluation mode does not
stop the recording."""


def evaluate(model, loader, criterion):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    total, right, count = 0.0, 0, 0
    for x, y in loader:
        logits = model(x)
        total += criterion(logits, y).item() * len(y)
        right += (logits.argmax(dim=1) == y).sum().item()
        count += len(y)
    for part, mode in modes:
        part.training = mode
    return total / count, right / count


# %% mistake="evaluate" slip=true
"""Autograd was switched off and stays off: from now on nothing is recorded, and the next `backward` fails. Switch it
back, or use a block that does so by itself."""


def evaluate(model, loader, criterion):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    torch.set_grad_enabled(False)
    total, right, count = 0.0, 0, 0
    for x, y in loader:
        logits = model(x)
        total += criterion(logits, y).item() * len(y)
        right += (logits.argmax(dim=1) == y).sum().item()
        count += len(y)
    for part, mode in modes:
        part.training = mode
    return total / count, right / count


# %% mistake="evaluate"
"""Loss and accuracy are means of the batches' means, so each image of the small last batch counts more than the others.
Weigh every batch by its size."""


def evaluate(model, loader, criterion):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    losses, rights = [], []
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            losses.append(criterion(logits, y).item())
            rights.append((logits.argmax(dim=1) == y).double().mean().item())
    for part, mode in modes:
        part.training = mode
    return sum(losses) / len(losses), sum(rights) / len(rights)


# %% mistake="evaluate"
"""The accuracy is right. The loss is the mean of the batches' means: the criterion gives the mean of a batch, and the
small last batch counts like a full one. Weigh by the size."""


def evaluate(model, loader, criterion):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    losses, right, count = [], 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            losses.append(criterion(logits, y).item())
            right += (logits.argmax(dim=1) == y).sum().item()
            count += len(y)
    for part, mode in modes:
        part.training = mode
    return sum(losses) / len(losses), right / count


# %% mistake="evaluate"
"""The loss is right. The accuracy is the mean of the batches' accuracies: an image of the small last batch counts more
than one of a full batch. Count right images, and divide once."""


def evaluate(model, loader, criterion):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    total, count, rights = 0.0, 0, []
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            total += criterion(logits, y).item() * len(y)
            rights.append((logits.argmax(dim=1) == y).double().mean().item())
            count += len(y)
    for part, mode in modes:
        part.training = mode
    return total / count, sum(rights) / len(rights)


# %% mistake="evaluate"
"""The means of the batches were added and then divided by the number of *images*: the mean was taken twice, and the
loss comes out far too small."""


def evaluate(model, loader, criterion):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            total += criterion(logits, y).item()
            right += (logits.argmax(dim=1) == y).sum().item()
            count += len(y)
    for part, mode in modes:
        part.training = mode
    return total / count, right / count


# %% mistake="evaluate"
"""A step was taken on the validation images. They may choose, but they may not move a single parameter: afterwards they
are training images, and tell nothing any more."""


def evaluate(model, loader, criterion):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    total, right, count = 0.0, 0, 0
    for x, y in loader:
        optimizer.zero_grad()
        logits = model(x)
        loss = criterion(logits, y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
        right += (logits.argmax(dim=1) == y).sum().item()
        count += len(y)
    for part, mode in modes:
        part.training = mode
    return total / count, right / count


# %% mistake="evaluate" slip=true
"""The gradients that lay in `.grad` are gone. Measuring needs no `zero_grad`: it fills no gradient, so it need not clear
any, and somebody may be collecting them over several batches."""


def evaluate(model, loader, criterion):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    model.zero_grad()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            total += criterion(logits, y).item() * len(y)
            right += (logits.argmax(dim=1) == y).sum().item()
            count += len(y)
    for part, mode in modes:
        part.training = mode
    return total / count, right / count


# %% mistake="evaluate"
"""The accuracy is a percentage. A fraction from 0 to 1 was asked for: the formulas of the next section want it so."""


def evaluate(model, loader, criterion):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            total += criterion(logits, y).item() * len(y)
            right += (logits.argmax(dim=1) == y).sum().item()
            count += len(y)
    for part, mode in modes:
        part.training = mode
    return total / count, 100 * right / count


# %% mistake="evaluate"
"""What comes back is the result of one batch alone. Does `return` stand inside the loop?"""


def evaluate(model, loader, criterion):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            total += criterion(logits, y).item() * len(y)
            right += (logits.argmax(dim=1) == y).sum().item()
            count += len(y)
            for part, mode in modes:
                part.training = mode
            return total / count, right / count


# %% mistake="evaluate"
"""The loss is one of your own making, not the `criterion` you were given. Its settings are not the same."""


def evaluate(model, loader, criterion):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            total += nn.functional.cross_entropy(logits, y).item() * len(y)
            right += (logits.argmax(dim=1) == y).sum().item()
            count += len(y)
    for part, mode in modes:
        part.training = mode
    return total / count, right / count


# %% mistake="evaluate"
"""The number of *wrong* answers was counted. Accuracy is the share that is right."""


def evaluate(model, loader, criterion):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    total, wrong, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            total += criterion(logits, y).item() * len(y)
            wrong += (logits.argmax(dim=1) != y).sum().item()
            count += len(y)
    for part, mode in modes:
        part.training = mode
    return total / count, wrong / count


# %% mistake="evaluate" slip=true
"""You switched the recording on at the end, whatever it was before. Who measures inside `no_grad` finds it on.
As `with …:` it ends by itself, in the state that was."""


def evaluate(model, loader, criterion):
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    loss = hits = n = 0
    torch.set_grad_enabled(False)
    for x, y in loader:
        out = model(x)
        loss += criterion(out, y).item() * len(y)
        hits += (out.argmax(1) == y).sum().item()
        n += len(y)
    torch.set_grad_enabled(True)
    for m, t in modes:
        m.training = t
    return loss / n, hits / n

# %% mistake="evaluate"
"""The two numbers are in the other order: first the loss, then the share that is right."""


def evaluate(model, loader, criterion):
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    loss = hits = n = 0
    with torch.no_grad():
        for x, y in loader:
            out = model(x)
            loss += criterion(out, y).item() * len(y)
            hits += (out.argmax(1) == y).sum().item()
            n += len(y)
    for m, t in modes:
        m.training = t
    return hits / n, loss / n

# %% mistake="evaluate"
"""Only the last batch was measured. Add up over all of them."""


def evaluate(model, loader, criterion):
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    with torch.no_grad():
        for x, y in loader:
            out = model(x)
    for m, t in modes:
        m.training = t
    return criterion(out, y).item(), (out.argmax(1) == y).float().mean().item()


# %% mistake="evaluate"
"""You compared the highest *score* with the label, and a score is never a class. At which place does it stand?"""


def evaluate(model, loader, criterion):
    modes = [m.training for m in model.modules()]
    model.eval()
    total, right, n = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            out = model(x)
            total += criterion(out, y).item() * len(y)
            right += (out.max(1).values == y).sum().item()
            n += len(y)
    for m, mode in zip(model.modules(), modes):
        m.training = mode
    return total / n, right / n


# %% mistake="evaluate"
"""You returned how many images are right. Asked for is their share: divide by the number of images."""


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


# %% mistake="evaluate"
"""You divided the number of right images by the number of *batches*. Divide by the number of images."""


def evaluate(model, loader, criterion):
    modes = [m.training for m in model.modules()]
    model.eval()
    total, right, n = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            out = model(x)
            total += criterion(out, y).item() * len(y)
            right += (out.argmax(1) == y).sum().item()
            n += len(y)
    for m, mode in zip(model.modules(), modes):
        m.training = mode
    return total / n, right / len(loader)


# %% [markdown]
# ## distinguishable


# %% right="distinguishable"
"""two errors, combined like the sides of a right angle"""


def distinguishable(a, b, n):
    first, second = (math.sqrt(share * (1 - share) / n) for share in (a, b))
    error = math.hypot(first, second)
    return error, not -2 * error <= a - b <= 2 * error


# %% right="distinguishable"
"""variances of yes and no, in NumPy"""


def distinguishable(a, b, n):
    shares = np.array([a, b])
    error = np.sqrt((shares - shares**2).sum() / n)
    return error, bool((a - b) ** 2 > 4 * error**2)


# %% right="distinguishable"
"""torch in float64; the size of the difference in units of its error"""


def distinguishable(a, b, n):
    shares = torch.tensor([a, b], dtype=torch.float64)
    error = (shares * (1 - shares) / n).sum().sqrt()
    return error.item(), abs(shares.diff()).item() / error.item() > 2.0


# %% right="distinguishable"
"""the spread of the answers written out one by one, as zeros and ones"""


def distinguishable(a, b, n):
    def squared_error(share):
        return (share * (1 - share) ** 2 + (1 - share) * share**2) / n  # mean squared distance of ones and zeros

    error = (squared_error(a) + squared_error(b)) ** 0.5
    return error, max(a, b) - min(a, b) > 2 * error


# %% mistake="distinguishable"
"""This is the standard error of *one* accuracy. Both are unsure, so their difference is more unsure than each of
them."""


def distinguishable(a, b, n):
    error = math.sqrt(a * (1 - a) / n)
    return error, abs(a - b) > 2 * error


# %% mistake="distinguishable"
"""You added the two errors. Two independent errors seldom point the same way: add their *squares*, then take the
root."""


def distinguishable(a, b, n):
    error = math.sqrt(a * (1 - a) / n) + math.sqrt(b * (1 - b) / n)
    return error, abs(a - b) > 2 * error


# %% mistake="distinguishable"
"""The error is right. But you asked for a difference of more than *one* error. Chance alone goes beyond that in about
one case out of three."""


def distinguishable(a, b, n):
    error = math.sqrt(a * (1 - a) / n + b * (1 - b) / n)
    return error, abs(a - b) > error


# %% mistake="distinguishable"
"""The error is right. But only a first network that is *better* is noticed: where it is worse, the difference is
negative, and never more than anything."""


def distinguishable(a, b, n):
    error = math.sqrt(a * (1 - a) / n + b * (1 - b) / n)
    return error, a - b > 2 * error


# %% mistake="distinguishable"
"""The root covers the accuracies but not `n`: so the error shrinks much too fast. Ten times the images make it only about
three times smaller."""


def distinguishable(a, b, n):
    error = math.sqrt(a * (1 - a) + b * (1 - b)) / n
    return error, abs(a - b) > 2 * error


# %% mistake="distinguishable"
"""The root is missing: this is the *square* of the standard error."""


def distinguishable(a, b, n):
    error = a * (1 - a) / n + b * (1 - b) / n
    return error, abs(a - b) > 2 * error


# %% mistake="distinguishable"
"""You used one accuracy in the middle for both. Each has a standard error of its own, and they differ."""


def distinguishable(a, b, n):
    middle = (a + b) / 2
    error = math.sqrt(2 * middle * (1 - middle) / n)
    return error, abs(a - b) > 2 * error


# %% mistake="distinguishable"
"""You returned *two* standard errors as the error. The factor of two belongs to the comparison only."""


def distinguishable(a, b, n):
    error = 2 * math.sqrt(a * (1 - a) / n + b * (1 - b) / n)
    return error, abs(a - b) > error


# %% mistake="distinguishable"
"""The error is right, and the answer is turned round: true means that they *can* be told apart."""


def distinguishable(a, b, n):
    error = math.sqrt(a * (1 - a) / n + b * (1 - b) / n)
    return error, abs(a - b) <= 2 * error


# %% mistake="distinguishable"
"""The two are in the other order: first the standard error, then whether they differ."""


def distinguishable(a, b, n):
    error = math.sqrt(a * (1 - a) / n + b * (1 - b) / n)
    return abs(a - b) > 2 * error, error


# %% mistake="distinguishable"
"""Any difference counts here. The question is whether it is larger than what chance does."""


def distinguishable(a, b, n):
    error = math.sqrt(a * (1 - a) / n + b * (1 - b) / n)
    return error, a != b


# %% mistake="distinguishable"
"""You averaged the two accuracies and took one error of that. The difference of two unsure numbers is more
unsure than each: add the squares of both errors."""


def distinguishable(a, b, n):
    p = (a + b) / 2
    s = math.sqrt(p * (1 - p) / n)
    return s, abs(a - b) > 2 * s


# %% mistake="distinguishable"
"""The two results are exchanged: first the error, then whether they differ."""


def distinguishable(a, b, n):
    error = math.sqrt(a * (1 - a) / n + b * (1 - b) / n)
    return abs(a - b) > 2 * error, error


# %% mistake="distinguishable"
"""You divided by n - 1. The standard error of a share divides by n: nothing was estimated from the same images
beforehand."""


def distinguishable(a, b, n):
    error = math.sqrt(a * (1 - a) / (n - 1) + b * (1 - b) / (n - 1))
    return error, abs(a - b) > 2 * error


# %% mistake="distinguishable"
"""The spread of a share a is a · (1 - a): a network that is always right has none."""


def distinguishable(a, b, n):
    error = math.sqrt(a * a / n + b * b / n)
    return error, abs(a - b) > 2 * error


# %% [markdown]
# ## dropout


# %% right="dropout"
"""bernoulli, zeros where they fall"""


def dropout(x, p, training, generator):
    if not training:
        return x
    stays = torch.bernoulli(torch.full(x.shape, 1.0 - p), generator=generator).bool()
    return torch.where(stays, x / max(1 - p, 1e-12), torch.zeros_like(x))


# %% right="dropout"
"""a mask that already holds the factor"""


def dropout(x, p, training, generator):
    if not training:
        return x.clone()
    mask = torch.zeros(x.shape, dtype=x.dtype)
    if p < 1:
        mask[torch.rand(x.shape, generator=generator) >= p] = 1 / (1 - p)
    return mask * x


# %% right="dropout"
"""masked_fill on a scaled copy"""


def dropout(x, p, training, generator):
    keep = 1 - p
    if training and keep > 0:
        lots = torch.empty_like(x).uniform_(generator=generator)
        return (x / keep).masked_fill(lots < p, 0.0)
    return x if not training else x * 0


# %% right="dropout"
"""lots drawn as whole numbers, one in a million at a time, by a private NumPy stream"""


def dropout(x, p, training, generator):
    if not training or p == 0.0:
        return x
    stream = np.random.RandomState(int(torch.randint(2**31 - 1, (1,), generator=generator)))
    lots = torch.from_numpy(stream.randint(0, 10**6, size=tuple(x.shape)))
    gone = lots < p * 10**6
    return torch.zeros_like(x) if p == 1.0 else x.masked_fill(gone, 0) * (1 - p) ** -1


# %% mistake="dropout"
"""What stays was not made larger. On average less comes through than before, and in use, where nothing is dropped, the
next layer meets numbers larger than any it was trained on."""


def dropout(x, p, training, generator):
    if not training:
        return x
    return x * (torch.rand(x.shape, generator=generator) >= p)


# %% mistake="dropout"
"""You dropped with the chance $1-p$: `p` is the chance to be *dropped*, not to stay. In PyTorch, too."""


def dropout(x, p, training, generator):
    if not training:
        return x
    if p == 0:
        return torch.zeros_like(x)
    return x * (torch.rand(x.shape, generator=generator) < p) / p


# %% mistake="dropout"
"""The right share is dropped, but the factor is $1/p$. How much of `x` is left on average, and what makes up for it?"""


def dropout(x, p, training, generator):
    if not training or p == 0:
        return x
    return x * (torch.rand(x.shape, generator=generator) >= p) / p


# %% mistake="dropout"
"""What stays was made *smaller*, by $1-p$. That is what older descriptions do in use, to make up for a training without
a factor. Here the factor belongs into training, and it makes larger."""


def dropout(x, p, training, generator):
    if not training:
        return x
    return x * (torch.rand(x.shape, generator=generator) >= p) * (1 - p)


# %% mistake="dropout"
"""Something is dropped outside training, too. Whoever uses the network gets another answer each time."""


def dropout(x, p, training, generator):
    if p == 1:
        return torch.zeros_like(x)
    return x * (torch.rand(x.shape, generator=generator) >= p) / (1 - p)


# %% mistake="dropout"
"""Outside training `x` was scaled by $1-p$. That belongs to the older way, without a factor in training. With both, the
network gets too little in use. Outside training, `x` passes as it is."""


def dropout(x, p, training, generator):
    if not training:
        return x * (1 - p)
    if p == 1:
        return torch.zeros_like(x)
    return x * (torch.rand(x.shape, generator=generator) >= p) / (1 - p)


# %% mistake="dropout"
"""Training and use are swapped: nothing is dropped in training, and something is outside it."""


def dropout(x, p, training, generator):
    if training:
        return x
    return x * (torch.rand(x.shape, generator=generator) >= p) / (1 - p)


# %% mistake="dropout"
"""All rows have their zeros in the same places: one draw for the whole batch. Then a unit is missing for all images at
once. Draw for each number."""


def dropout(x, p, training, generator):
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    return x * (torch.rand(x.shape[1:], generator=generator) >= p) / (1 - p)


# %% mistake="dropout"
"""Whole rows are dropped, and others left complete: one draw for each image. Draw for each number."""


def dropout(x, p, training, generator):
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    return x * (torch.rand(len(x), 1, generator=generator) >= p) / (1 - p)


# %% mistake="dropout" slip=true
"""The draw comes from torch's global generator, not from the one that was handed in. So nobody can repeat it, and the
global chance has moved on."""


def dropout(x, p, training, generator):
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    return x * (torch.rand(x.shape) >= p) / (1 - p)


# %% mistake="dropout" slip=true
"""At $p = 1$ you divide zero by zero, and NaN comes out. Nothing stays there: what should the result be?"""


def dropout(x, p, training, generator):
    if not training:
        return x
    return x * (torch.rand(x.shape, generator=generator) >= p) / (1 - p)


# %% mistake="dropout"
"""The zeros were written into the caller's own `x`. Autograd refuses that for a leaf that requires a gradient, and
everybody else who uses `x` gets it with holes. Make a new tensor."""


def dropout(x, p, training, generator):
    if not training:
        return x
    x[torch.rand(x.shape, generator=generator) < p] = 0
    return x / (1 - p)


# %% mistake="dropout"
"""The result is no longer connected with `x`: no gradient comes through, so nothing before this layer can learn."""


def dropout(x, p, training, generator):
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    return x.detach() * (torch.rand(x.shape, generator=generator) >= p) / (1 - p)


# %% mistake="dropout"
"""The same number of elements is dropped in every row. On average that is right, but then whether one stays depends on
the others. Each number has a draw of its own."""


def dropout(x, p, training, generator):
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    lots = torch.rand(x.shape, generator=generator)
    gone = lots.argsort(dim=-1).argsort(dim=-1) < round(p * x.shape[-1])
    return x.masked_fill(gone, 0) / (1 - p)


# %% mistake="dropout"
"""The draws are not spread evenly over 0 to 1: half of what `randn` gives is negative, and too much falls below `p`."""


def dropout(x, p, training, generator):
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    return x * (torch.randn(x.shape, generator=generator) >= p) / (1 - p)


# %% mistake="dropout"
"""The draw comes from torch's global chance, as it does in PyTorch's own dropout, which is off limits here."""


def dropout(x, p, training, generator):
    return nn.functional.dropout(x, p, training)


# %% mistake="dropout"
"""`p` is the chance to be *dropped*, and here it is the chance to stay: the mask is the wrong way round."""


def dropout(x, p, training, generator):
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    mask = (torch.rand(x.shape, generator=generator) < p).float()
    return x * mask / (1 - p)


# %% mistake="dropout"
"""`p` is the chance to be *dropped*, and here it is the chance to stay: mask and factor are the wrong way round."""


def dropout(x, p, training, generator):
    if not training:
        return x
    if p == 0:
        return torch.zeros_like(x)
    mask = (torch.rand(x.shape, generator=generator) < p).float()
    return x * mask / p


# %% [markdown]
# ## stop_at


# %% right="stop_at"
"""the best epochs first, by accumulate, then the first one too far behind"""


def stop_at(losses, patience, min_delta=0.0):
    from itertools import accumulate

    def better(best, epoch):
        reached = losses[best] if best >= 0 else math.inf
        return epoch if losses[epoch] < reached - min_delta else best

    bests = list(accumulate(range(len(losses)), better, initial=-1))[1:]
    for epoch, best in enumerate(bests):
        if epoch - best > patience:
            return epoch, max(best, 0)
    return len(losses) - 1, bests[-1]


# %% right="stop_at"
"""a while loop with a credit of patience"""


def stop_at(losses, patience, min_delta=0.0):
    best, lowest, credit, epoch = 0, float("inf"), patience, -1
    while epoch + 1 < len(losses) and credit >= 0:
        epoch += 1
        gain = lowest - losses[epoch]
        if gain > min_delta and losses[epoch] != float("inf"):
            best, lowest, credit = epoch, losses[epoch], patience
        else:
            credit -= 1
    return epoch, best


# %% right="stop_at"
"""the next improvement looked for within a window"""


def stop_at(losses, patience, min_delta=0.0):
    best, lowest = -1, math.inf
    while True:
        window = range(best + 1, min(best + 2 + patience, len(losses)))
        found = [epoch for epoch in window if losses[epoch] < lowest - min_delta]
        if not found:
            return min(best + 1 + patience, len(losses) - 1), max(best, 0)
        best = found[0]
        lowest = losses[best]


# %% right="stop_at"
"""a small object that is told one loss after another, in NumPy numbers"""


class Watcher:
    def __init__(self, patience, min_delta):
        self.patience, self.min_delta = patience, min_delta
        self.best, self.lowest, self.bad = 0, np.inf, 0

    def stops(self, epoch, loss):
        if np.isfinite(loss) and not self.lowest - loss <= self.min_delta:
            self.best, self.lowest, self.bad = epoch, loss, 0
            return False
        self.bad += 1
        return self.bad > self.patience


def stop_at(losses, patience, min_delta=0.0):
    watcher = Watcher(patience, min_delta)
    for epoch, loss in enumerate(losses):
        if watcher.stops(epoch, np.float64(loss)):
            break
    return np.int64(epoch), watcher.best


# %% mistake="stop_at"
"""You stop one epoch too early. A patience of 2 means that two epochs without progress are put up with; the third
one ends it."""


def stop_at(losses, patience, min_delta=0.0):
    best, lowest, waited = 0, math.inf, 0
    for epoch, loss in enumerate(losses):
        if loss < lowest - min_delta:
            best, lowest, waited = epoch, loss, 0
        else:
            waited += 1
            if waited >= patience:
                return epoch, best
    return len(losses) - 1, best


# %% mistake="stop_at"
"""An epoch that is just as good counted as better: a tie, or a gain of exactly nothing. Then a curve that stands still
keeps training going for ever."""


def stop_at(losses, patience, min_delta=0.0):
    best, lowest, waited = 0, math.inf, 0
    for epoch, loss in enumerate(losses):
        if loss <= lowest - min_delta and loss < math.inf:
            best, lowest, waited = epoch, loss, 0
        else:
            waited += 1
        if waited > patience:
            return epoch, best
    return len(losses) - 1, best


# %% mistake="stop_at"
"""You stop at the first rise. One bad epoch means little: `patience` says how many are put up with."""


def stop_at(losses, patience, min_delta=0.0):
    best = 0
    for epoch in range(1, len(losses)):
        if not losses[epoch] < losses[epoch - 1] - min_delta:
            return epoch, best
        best = epoch
    return len(losses) - 1, best


# %% mistake="stop_at"
"""Each epoch was compared with the one *before*, not with the best so far. After a bad epoch, one that is a little less
bad is no progress."""


def stop_at(losses, patience, min_delta=0.0):
    best, before, waited = 0, math.inf, 0
    for epoch, loss in enumerate(losses):
        if loss < before - min_delta:
            best, waited = epoch, 0
        else:
            waited += 1
        before = loss
        if waited > patience:
            return epoch, best
    return len(losses) - 1, best


# %% mistake="stop_at" slip=true
"""NaN counted as an improvement. Every comparison with NaN is false, so "not worse" is true for it: ask for what *is*
better instead."""


def stop_at(losses, patience, min_delta=0.0):
    best, lowest, waited = 0, math.inf, 0
    for epoch, loss in enumerate(losses):
        if not loss >= lowest - min_delta:
            best, lowest, waited = epoch, loss, 0
        else:
            waited += 1
        if waited > patience:
            return epoch, best
    return len(losses) - 1, best


# %% mistake="stop_at" slip=true
"""The first epoch was taken as the best without looking at it. If its loss is NaN, nothing can ever be better, since
every comparison with NaN is false. Start from a loss that anything finite beats."""


def stop_at(losses, patience, min_delta=0.0):
    best, waited = 0, 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best] - min_delta:
            best, waited = epoch, 0
        else:
            waited += 1
        if waited > patience:
            return epoch, best
    return len(losses) - 1, best


# %% mistake="stop_at"
"""The epochs without progress were counted over the whole training. A better epoch starts the count anew: patience is
about so many *in a row*."""


def stop_at(losses, patience, min_delta=0.0):
    best, lowest, waited = 0, math.inf, 0
    for epoch, loss in enumerate(losses):
        if loss < lowest - min_delta:
            best, lowest = epoch, loss
        else:
            waited += 1
        if waited > patience:
            return epoch, best
    return len(losses) - 1, best


# %% mistake="stop_at"
"""`min_delta` plays no part: any gain, however small, starts the count anew."""


def stop_at(losses, patience, min_delta=0.0):
    best, lowest, waited = 0, math.inf, 0
    for epoch, loss in enumerate(losses):
        if loss < lowest:
            best, lowest, waited = epoch, loss, 0
        else:
            waited += 1
        if waited > patience:
            return epoch, best
    return len(losses) - 1, best


# %% mistake="stop_at"
"""Small gains move the mark without counting as progress. So many small gains in a row never add up, although together
they are more than `min_delta`. Compare with the best epoch, and let only a better one take its place."""


def stop_at(losses, patience, min_delta=0.0):
    best, lowest, waited = 0, math.inf, 0
    for epoch, loss in enumerate(losses):
        if loss < lowest - min_delta:
            best, waited = epoch, 0
        else:
            waited += 1
        lowest = min(lowest, loss)
        if waited > patience:
            return epoch, best
    return len(losses) - 1, best


# %% mistake="stop_at"
"""`min_delta` has the wrong sign: losses that are a little *higher* count as better."""


def stop_at(losses, patience, min_delta=0.0):
    best, lowest, waited = 0, math.inf, 0
    for epoch, loss in enumerate(losses):
        if loss < lowest + min_delta and loss < math.inf:
            best, lowest, waited = epoch, loss, 0
        else:
            waited += 1
        if waited > patience:
            return epoch, best
    return len(losses) - 1, best


# %% mistake="stop_at"
"""The best epoch is looked for among *all* losses, also those after the stop. Nobody trained these epochs: they do not
exist."""


def stop_at(losses, patience, min_delta=0.0):
    best, lowest, waited = 0, math.inf, 0
    stopped = len(losses) - 1
    for epoch, loss in enumerate(losses):
        if loss < lowest - min_delta:
            lowest, waited = loss, 0
        else:
            waited += 1
        if waited > patience:
            stopped = epoch
            break
    finite = [(loss, epoch) for epoch, loss in enumerate(losses) if loss < math.inf]
    return stopped, min(finite)[1]


# %% mistake="stop_at"
"""You began with the lowest of *all* losses. At each epoch only those up to it are known: go through them in order, and
stop where patience ends, even if a lower one would have come."""


def stop_at(losses, patience, min_delta=0.0):
    finite = [(loss, epoch) for epoch, loss in enumerate(losses) if loss < math.inf]
    best = min(finite)[1]
    return min(best + patience + 1, len(losses) - 1), best


# %% mistake="stop_at"
"""The two numbers are in the other order: first where it stops, then the best epoch."""


def stop_at(losses, patience, min_delta=0.0):
    best, lowest, waited = 0, math.inf, 0
    for epoch, loss in enumerate(losses):
        if loss < lowest - min_delta:
            best, lowest, waited = epoch, loss, 0
        else:
            waited += 1
        if waited > patience:
            return best, epoch
    return best, len(losses) - 1


# %% mistake="stop_at"
"""Your epochs count from 1. Here the first one is number 0."""


def stop_at(losses, patience, min_delta=0.0):
    best, lowest, waited = 1, math.inf, 0
    for epoch, loss in enumerate(losses, 1):
        if loss < lowest - min_delta:
            best, lowest, waited = epoch, loss, 0
        else:
            waited += 1
        if waited > patience:
            return epoch, best
    return len(losses), best


# %% mistake="stop_at"
"""A *higher* value counted as better, as it would for an accuracy. These are losses."""


def stop_at(losses, patience, min_delta=0.0):
    best, highest, waited = 0, -math.inf, 0
    for epoch, loss in enumerate(losses):
        if loss > highest + min_delta:
            best, highest, waited = epoch, loss, 0
        else:
            waited += 1
        if waited > patience:
            return epoch, best
    return len(losses) - 1, best


# %% mistake="stop_at"
"""You compare each epoch with the one before it. What counts is whether it is better than the *best* so far: a
curve that falls a little after each jump may get nowhere."""


def stop_at(losses, patience, min_delta=0.0):
    best, bad = 0, 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[epoch - 1] - min_delta:
            bad = 0
            if losses[epoch] < losses[best]:
                best = epoch
        else:
            bad += 1
            if bad > patience:
                return epoch, best
    return len(losses) - 1, best


# %% mistake="stop_at"
"""The second number is the best *loss*. Asked for is the epoch that had it."""


def stop_at(losses, patience, min_delta=0.0):
    best_loss, bad = float("inf"), 0
    for epoch, loss in enumerate(losses):
        if loss < best_loss - min_delta:
            best_loss, bad = loss, 0
        else:
            bad += 1
            if bad > patience:
                return epoch, best_loss
    return len(losses) - 1, best_loss


# %% [markdown]
# ## keep_best


# %% right="keep_best"
"""a dictionary of clones"""


def keep_best(model, train_epoch, validate, epochs):
    lowest, best, kept = float("inf"), None, {}
    for epoch in range(epochs):
        train_epoch(model)
        loss = validate(model)
        if loss < lowest:
            kept = {name: value.clone() for name, value in model.state_dict().items()}
            lowest, best = loss, epoch
    model.load_state_dict(kept)
    return best


# %% right="keep_best"
"""a copy of the whole model, written back value by value"""


def keep_best(model, train_epoch, validate, epochs):
    record = (math.inf, -1, model)
    for epoch in range(epochs):
        train_epoch(model)
        loss = float(validate(model))
        if not math.isnan(loss) and loss < record[0]:
            record = (loss, epoch, copy.deepcopy(model))
    with torch.no_grad():
        own = [*model.parameters(), *model.buffers()]
        for mine, theirs in zip(own, [*record[2].parameters(), *record[2].buffers()]):
            mine.copy_(theirs)
    return record[1]


# %% right="keep_best"
"""written to a file in memory"""


def keep_best(model, train_epoch, validate, epochs):
    import io

    lowest = math.inf
    for epoch in range(epochs):
        train_epoch(model)
        loss = validate(model)
        if loss < lowest:
            lowest, best, file = loss, epoch, io.BytesIO()
            torch.save(model.state_dict(), file)
    file.seek(0)
    model.load_state_dict(torch.load(file))
    return best


# %% right="keep_best"
"""every epoch kept, chosen at the end"""


def keep_best(model, train_epoch, validate, epochs):
    history = []
    for epoch in range(epochs):
        train_epoch(model)
        history.append((validate(model), epoch, copy.deepcopy(model.state_dict())))
    numbers = [entry[:2] for entry in history if entry[0] == entry[0]]
    _, best = min(numbers)
    model.load_state_dict(history[best][2])
    return best


# %% mistake="keep_best"
"""Something was put back, and yet the model is as it was after the *last* epoch. What was kept is no copy: `state_dict()`
hands out the model's own tensors, they change with every later epoch, and so do a shallow copy and what `detach`
gives."""


def keep_best(model, train_epoch, validate, epochs):
    best, lowest = 0, math.inf
    for epoch in range(epochs):
        train_epoch(model)
        loss = validate(model)
        if loss < lowest:
            best, lowest, kept = epoch, loss, model.state_dict()
    model.load_state_dict(kept)
    return best


# %% mistake="keep_best"
"""The number of the best epoch is right, but the model is as it was after the *last* epoch. What it held after the best
one must be kept, as a copy, and put back into this very model at the end: `model = …` only gives another one its name."""


def keep_best(model, train_epoch, validate, epochs):
    best, lowest = 0, math.inf
    for epoch in range(epochs):
        train_epoch(model)
        loss = validate(model)
        if loss < lowest:
            best, lowest = epoch, loss
    return best


# %% mistake="keep_best"
"""The *highest* loss won. For an accuracy that would be right; of losses the lowest is best."""


def keep_best(model, train_epoch, validate, epochs):
    best, highest = 0, -math.inf
    for epoch in range(epochs):
        train_epoch(model)
        loss = validate(model)
        if loss > highest:
            best, highest, kept = epoch, loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return best


# %% mistake="keep_best"
"""Of two equally good epochs the later one was taken. Asked for is the earlier: what is only as good is not better."""


def keep_best(model, train_epoch, validate, epochs):
    best, lowest = 0, math.inf
    for epoch in range(epochs):
        train_epoch(model)
        loss = validate(model)
        if loss <= lowest:
            best, lowest, kept = epoch, loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return best


# %% mistake="keep_best"
"""You stopped at the first epoch that was not better. All epochs are to be trained: a better one may come later."""


def keep_best(model, train_epoch, validate, epochs):
    best, lowest, kept = 0, math.inf, copy.deepcopy(model.state_dict())
    for epoch in range(epochs):
        train_epoch(model)
        loss = validate(model)
        if not loss < lowest and lowest < math.inf:
            break
        if loss < lowest:
            best, lowest, kept = epoch, loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return best


# %% mistake="keep_best"
"""NaN won: every comparison with it is false, so "not higher than the lowest" is true for NaN. Ask whether the loss *is*
lower."""


def keep_best(model, train_epoch, validate, epochs):
    best, lowest = 0, math.inf
    for epoch in range(epochs):
        train_epoch(model)
        loss = validate(model)
        if not loss >= lowest:
            best, lowest, kept = epoch, loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return best


# %% mistake="keep_best"
"""The first epoch was taken as the best without looking at its loss. It was NaN, and no loss compares as lower than
NaN."""


def keep_best(model, train_epoch, validate, epochs):
    train_epoch(model)
    best, lowest, kept = 0, validate(model), copy.deepcopy(model.state_dict())
    for epoch in range(1, epochs):
        train_epoch(model)
        loss = validate(model)
        if loss < lowest:
            best, lowest, kept = epoch, loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return best


# %% mistake="keep_best" slip=true
"""The parameters are those of the best epoch, the running averages those of the last. `parameters()` does not hold
everything that a model remembers."""


def keep_best(model, train_epoch, validate, epochs):
    best, lowest = 0, math.inf
    for epoch in range(epochs):
        train_epoch(model)
        loss = validate(model)
        if loss < lowest:
            best, lowest = epoch, loss
            kept = [parameter.detach().clone() for parameter in model.parameters()]
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), kept):
            parameter.copy_(value)
    return best


# %% mistake="keep_best"
"""The model holds the best values, but in new tensors. An optimiser still holds the old ones: from now on it would move
numbers that nobody uses. Write the values into the tensors that are there."""


def keep_best(model, train_epoch, validate, epochs):
    best, lowest = 0, math.inf
    for epoch in range(epochs):
        train_epoch(model)
        loss = validate(model)
        if loss < lowest:
            best, lowest, kept = epoch, loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept, assign=True)
    return best


# %% mistake="keep_best"
"""You looked at the loss *before* training the epoch. So each loss was credited to an epoch that had not yet run."""


def keep_best(model, train_epoch, validate, epochs):
    best, lowest = 0, math.inf
    for epoch in range(epochs):
        loss = validate(model)
        train_epoch(model)
        if loss < lowest:
            best, lowest, kept = epoch, loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return best


# %% mistake="keep_best" slip=true
"""You returned the best *loss*. Asked for is the number of the epoch."""


def keep_best(model, train_epoch, validate, epochs):
    lowest = math.inf
    for _ in range(epochs):
        train_epoch(model)
        loss = validate(model)
        if loss < lowest:
            lowest, kept = loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return lowest


# %% mistake="keep_best" slip=true
"""Model and best epoch are right, but the epochs were counted from 1. The first one is number 0."""


def keep_best(model, train_epoch, validate, epochs):
    best, lowest = 0, math.inf
    for epoch in range(1, epochs + 1):
        train_epoch(model)
        loss = validate(model)
        if loss < lowest:
            best, lowest, kept = epoch, loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return best


# %% mistake="keep_best"
"""You look at the loss before the epoch's training, so the number belongs to the epoch before. Train first,
then look."""


def keep_best(model, train_epoch, validate, epochs):
    best, which = math.inf, 0
    for e in range(epochs):
        l = validate(model)
        if l < best:
            best, which, kept = l, e, copy.deepcopy(model.state_dict())
        train_epoch(model)
    model.load_state_dict(kept)
    return which


# %% mistake="keep_best"
"""You went back to the best state as soon as an epoch was not better, so the training took another way. Let all
epochs follow one another, and put the best one back at the end."""


def keep_best(model, train_epoch, validate, epochs):
    best, best_loss, state = 0, float("inf"), copy.deepcopy(model.state_dict())
    for epoch in range(epochs):
        train_epoch(model)
        loss = validate(model)
        if loss < best_loss:
            best, best_loss = epoch, loss
            state = copy.deepcopy(model.state_dict())
        else:
            model.load_state_dict(state)
    return best


# %% [markdown]
# ## save_checkpoint


# %% right="save_checkpoint"
"""a tuple instead of a dictionary, the optimiser built last"""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    everything = (sizes, model.state_dict(), model.training, optimizer.state_dict(), generator.get_state(), epoch)
    with open(path, "wb") as file:
        torch.save(everything, file)


def load_checkpoint(path, make_model, make_optimizer, generator):
    with open(path, "rb") as file:
        sizes, values, mode, memory, chance, epoch = torch.load(file, weights_only=True)
    generator.set_state(chance)
    model = make_model(sizes)
    model.load_state_dict(values)
    optimizer = make_optimizer(model.parameters())
    optimizer.load_state_dict(memory)
    return epoch, model.train() if mode else model.eval(), optimizer


# %% right="save_checkpoint"
"""the modes of all parts, and cloned values"""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    torch.save(
        dict(
            epoch=torch.tensor(epoch),
            sizes=torch.tensor(sizes),
            values={name: value.clone() for name, value in model.state_dict().items()},
            modes={name: part.training for name, part in model.named_modules()},
            memory=copy.deepcopy(optimizer.state_dict()),
            chance=generator.get_state().tolist(),
        ),
        str(path),
    )


def load_checkpoint(path, make_model, make_optimizer, generator):
    saved = torch.load(str(path), map_location="cpu")
    model = make_model(saved["sizes"].tolist())
    optimizer = make_optimizer(list(model.parameters()))
    model.load_state_dict(saved["values"], strict=True)
    for name, part in model.named_modules():
        part.training = saved["modes"][name]
    optimizer.load_state_dict(saved["memory"])
    generator.set_state(torch.tensor(saved["chance"], dtype=torch.uint8))
    return int(saved["epoch"]), model, optimizer


# %% right="save_checkpoint"
"""written beside first and then moved into place, so that a crash never leaves half a file"""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    half = path.with_suffix(".half")
    things = {"model": model, "optimizer": optimizer}
    state = {name: thing.state_dict() for name, thing in things.items()}
    state |= {"epoch": epoch, "sizes": tuple(sizes), "mode": model.training, "chance": generator.get_state()}
    torch.save(state, half)
    half.replace(path)


def load_checkpoint(path, make_model, make_optimizer, generator):
    state = torch.load(path)
    model = make_model(list(state["sizes"])).train(state["mode"])
    optimizer = make_optimizer(model.parameters())
    for name, thing in (("model", model), ("optimizer", optimizer)):
        thing.load_state_dict(state[name])
    generator.set_state(state["chance"])
    return state["epoch"], model, optimizer


# %% right="save_checkpoint"
"""the generator's seed and how often it was used would not do: its bytes, and the rest beside them"""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    torch.save([model.state_dict(), optimizer.state_dict(), {"bytes": bytes(generator.get_state().tolist()).hex(),
                "epoch": epoch, "sizes": sizes, "training": model.training}], path)


def load_checkpoint(path, make_model, make_optimizer, generator):
    values, memory, rest = torch.load(path)
    model = make_model(rest["sizes"])
    missing = model.load_state_dict(values)
    assert not missing.missing_keys
    optimizer = make_optimizer(model.parameters())
    optimizer.load_state_dict(memory)
    generator.set_state(torch.tensor(list(bytes.fromhex(rest["bytes"])), dtype=torch.uint8))
    model.train(rest["training"])
    return rest["epoch"], model, optimizer


# %% mistake="save_checkpoint"
"""The optimiser's memory is not in the file, or not given back. It starts anew after loading, and takes other steps than
it would have taken."""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    state = {"epoch": epoch, "sizes": sizes, "model": model.state_dict(), "training": model.training}
    torch.save(state | {"generator": generator.get_state()}, path)


def load_checkpoint(path, make_model, make_optimizer, generator):
    state = torch.load(path)
    model = make_model(state["sizes"])
    model.load_state_dict(state["model"])
    model.train(state["training"])
    generator.set_state(state["generator"])
    return state["epoch"], model, make_optimizer(model.parameters())


# %% mistake="save_checkpoint"
"""The generator did not get its state back: after loading, the images come in another order than they would have come.
Chance has a state, too."""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    state = {"epoch": epoch, "sizes": sizes, "model": model.state_dict(), "training": model.training}
    torch.save(state | {"optimizer": optimizer.state_dict()}, path)


def load_checkpoint(path, make_model, make_optimizer, generator):
    state = torch.load(path)
    model = make_model(state["sizes"])
    model.load_state_dict(state["model"])
    model.train(state["training"])
    optimizer = make_optimizer(model.parameters())
    optimizer.load_state_dict(state["optimizer"])
    return state["epoch"], model, optimizer


# %% mistake="save_checkpoint"
"""The generator was seeded as at its start. But it had been used since: its *state* has moved on, and its first seed
leads back to the beginning."""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    state = {"epoch": epoch, "sizes": sizes, "model": model.state_dict(), "training": model.training}
    state |= {"optimizer": optimizer.state_dict(), "seed": generator.initial_seed()}
    torch.save(state, path)


def load_checkpoint(path, make_model, make_optimizer, generator):
    state = torch.load(path)
    model = make_model(state["sizes"])
    model.load_state_dict(state["model"])
    model.train(state["training"])
    optimizer = make_optimizer(model.parameters())
    optimizer.load_state_dict(state["optimizer"])
    generator.manual_seed(state["seed"])
    return state["epoch"], model, optimizer


# %% mistake="save_checkpoint"
"""Only the parameters are in the file. The optimiser starts without its memory, chance starts elsewhere, the epoch
starts at 0 and the mode is a guess: a new training that begins at an old place."""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    torch.save({"sizes": sizes, "model": model.state_dict()}, path)


def load_checkpoint(path, make_model, make_optimizer, generator):
    state = torch.load(path)
    model = make_model(state["sizes"])
    model.load_state_dict(state["model"])
    return 0, model, make_optimizer(model.parameters())


# %% mistake="save_checkpoint"
"""The epoch was not restored: it is 0 again. Whoever goes on trains too long, and with the wrong part of a schedule."""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    state = {"sizes": sizes, "model": model.state_dict(), "training": model.training}
    torch.save(state | {"optimizer": optimizer.state_dict(), "generator": generator.get_state()}, path)


def load_checkpoint(path, make_model, make_optimizer, generator):
    state = torch.load(path)
    model = make_model(state["sizes"])
    model.load_state_dict(state["model"])
    model.train(state["training"])
    optimizer = make_optimizer(model.parameters())
    optimizer.load_state_dict(state["optimizer"])
    generator.set_state(state["generator"])
    return 0, model, optimizer


# %% mistake="save_checkpoint"
"""The mode was not restored. The model was saved in evaluation mode and came back in training mode, so its dropout is
awake when it is used. A state_dict does not hold the mode."""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    state = {"epoch": epoch, "sizes": sizes, "model": model.state_dict()}
    torch.save(state | {"optimizer": optimizer.state_dict(), "generator": generator.get_state()}, path)


def load_checkpoint(path, make_model, make_optimizer, generator):
    state = torch.load(path)
    model = make_model(state["sizes"])
    model.load_state_dict(state["model"])
    optimizer = make_optimizer(model.parameters())
    optimizer.load_state_dict(state["optimizer"])
    generator.set_state(state["generator"])
    return state["epoch"], model, optimizer


# %% mistake="save_checkpoint"
"""`load_state_dict` works in place and returns a note about the names it met, not the model. That note took the model's
name."""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    state = {"epoch": epoch, "sizes": sizes, "model": model.state_dict()}
    torch.save(state | {"optimizer": optimizer.state_dict(), "generator": generator.get_state()}, path)


def load_checkpoint(path, make_model, make_optimizer, generator):
    state = torch.load(path)
    model = make_model(state["sizes"])
    optimizer = make_optimizer(model.parameters())
    model = model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    generator.set_state(state["generator"])
    return state["epoch"], model, optimizer


# %% mistake="save_checkpoint"
"""`strict=False` silences the complaint about a file that does not fit: what is missing in it keeps its random start, and
nobody hears of it. Let the error happen."""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    state = {"epoch": epoch, "sizes": sizes, "model": model.state_dict(), "training": model.training}
    torch.save(state | {"optimizer": optimizer.state_dict(), "generator": generator.get_state()}, path)


def load_checkpoint(path, make_model, make_optimizer, generator):
    state = torch.load(path)
    model = make_model(state["sizes"])
    model.load_state_dict(state["model"], strict=False)
    model.train(state["training"])
    optimizer = make_optimizer(model.parameters())
    if len(state["optimizer"]["state"]) == len(list(model.parameters())):
        optimizer.load_state_dict(state["optimizer"])
    generator.set_state(state["generator"])
    return state["epoch"], model, optimizer


# %% mistake="save_checkpoint"
"""You saved whole objects, and told `torch.load` to trust the file. A file that may hold any object may hold a program,
and loading runs it; and the objects fit only the code they were made with. Save states."""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    torch.save((epoch, model, optimizer, generator.get_state()), path)


def load_checkpoint(path, make_model, make_optimizer, generator):
    epoch, model, optimizer, chance = torch.load(path, weights_only=False)
    generator.set_state(chance)
    return epoch, model, optimizer


# %% mistake="save_checkpoint"
"""The whole model is in the file, an object of a class. `torch.load` refuses it: unless it is told to trust the file, it
reads tensors and plain values only. Save the model's state."""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    torch.save({"epoch": epoch, "model": model, "optimizer": optimizer.state_dict(), "generator": generator.get_state()}, path)


def load_checkpoint(path, make_model, make_optimizer, generator):
    state = torch.load(path)
    model = state["model"]
    optimizer = make_optimizer(model.parameters())
    optimizer.load_state_dict(state["optimizer"])
    generator.set_state(state["generator"])
    return state["epoch"], model, optimizer


# %% mistake="save_checkpoint"
"""The sizes are not in the file: they were guessed when loading, and the parameters did not fit the network that was
made. The file must say how to build it."""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    state = {"epoch": epoch, "model": model.state_dict(), "training": model.training}
    torch.save(state | {"optimizer": optimizer.state_dict(), "generator": generator.get_state()}, path)


def load_checkpoint(path, make_model, make_optimizer, generator):
    state = torch.load(path)
    model = make_model([784, 128, 10])
    model.load_state_dict(state["model"])
    model.train(state["training"])
    optimizer = make_optimizer(model.parameters())
    optimizer.load_state_dict(state["optimizer"])
    generator.set_state(state["generator"])
    return state["epoch"], model, optimizer


# %% mistake="save_checkpoint"
"""The optimiser was made for one network and another one was returned: it holds tensors that are not the returned
model's, so its steps move nothing there. Build the model first, and the optimiser from *its* parameters."""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    state = {"epoch": epoch, "sizes": sizes, "model": model.state_dict(), "training": model.training}
    torch.save(state | {"optimizer": optimizer.state_dict(), "generator": generator.get_state()}, path)


def load_checkpoint(path, make_model, make_optimizer, generator):
    state = torch.load(path)
    optimizer = make_optimizer(make_model(state["sizes"]).parameters())
    optimizer.load_state_dict(state["optimizer"])
    model = make_model(state["sizes"])
    model.load_state_dict(state["model"])
    model.train(state["training"])
    generator.set_state(state["generator"])
    return state["epoch"], model, optimizer


# %% mistake="save_checkpoint"
"""Not all of it is in the file: a part waits in a variable of this notebook. Tomorrow the notebook has forgotten it, and the
file alone must be enough."""
KEPT = {}


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    KEPT["optimizer"] = copy.deepcopy(optimizer.state_dict())
    KEPT["generator"] = generator.get_state()
    state = {"epoch": epoch, "sizes": sizes, "model": model.state_dict(), "training": model.training}
    torch.save(state, path)


def load_checkpoint(path, make_model, make_optimizer, generator):
    state = torch.load(path)
    model = make_model(state["sizes"])
    model.load_state_dict(state["model"])
    model.train(state["training"])
    optimizer = make_optimizer(model.parameters())
    optimizer.load_state_dict(KEPT["optimizer"])
    generator.set_state(KEPT["generator"])
    return state["epoch"], model, optimizer


# %% mistake="save_checkpoint"
"""The epoch that comes back is not the one that was saved, but the next. What goes on from there is for whoever
loads it to decide."""


def save_checkpoint(path, epoch, sizes, model, optimizer, generator):
    torch.save(
        {"epoch": epoch + 1, "sizes": sizes, "model": model.state_dict(), "training": model.training,
         "optimizer": optimizer.state_dict(), "generator": generator.get_state()},
        path,
    )


def load_checkpoint(path, make_model, make_optimizer, generator):
    c = torch.load(path)
    model = make_model(c["sizes"])
    model.load_state_dict(c["model"])
    model.train(c["training"])
    optimizer = make_optimizer(model.parameters())
    optimizer.load_state_dict(c["optimizer"])
    generator.set_state(c["generator"])
    return c["epoch"], model, optimizer


# %% mistake="save_checkpoint"
"""The loaded model is in evaluation mode whatever the saved one was in. Save the mode, and give it back."""


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


# %% [markdown]
# ## Exit questions

# %% mistake="exit_epoch"
"""The training loss says how well it knows its *own* images, and those it may know by heart. What do the people meet
who will use it?"""
exit_epoch = "a"

# %% mistake="exit_epoch"
"""The same number of right answers does not make the same probabilities: a loss that doubles while the accuracy stays
means that the wrong answers are given with more certainty."""
exit_epoch = "c"

# %% mistake="exit_epoch"
"""A gap is no fault in itself: every network knows its own images better. Overfitted is not a yes or no; ask what the gap
costs on new images, and here one epoch costs less than the other."""
exit_epoch = "d"

# %% mistake="exit_report"
"""It was counted correctly, and these images moved no parameter. But they *chose*: of 60 networks the one that pleased
them most. A number by which something was chosen is too good afterwards."""
exit_report = "a"

# %% mistake="exit_report"
"""The band is right for a network picked beforehand. This one was picked for its high score, so its luck is more likely
to be good than bad, and the middle of the band is too high."""
exit_report = "b"

# %% mistake="exit_report"
"""Then the test pile has done the choosing, and its best number is too good for the same reason. It would be a second
validation pile, and none would be left for the truth."""
exit_report = "d"

# %% mistake="exit_twice"
"""`no_grad` stops the recording. Dropout does not ask whether anything is recorded, it asks for the mode. And without
`backward` and a step, no parameter moves."""
exit_twice = "a"

# %% mistake="exit_twice"
"""`no_grad` holds for everything inside its block. And a recorded pass gives the same numbers as one that is not
recorded: something else must differ."""
exit_twice = "b"

# %% mistake="exit_twice"
"""The standard error tells how much *other* images would change the number. The same network on the same images has
nothing that could differ, unless chance is at work inside it."""
exit_twice = "c"
