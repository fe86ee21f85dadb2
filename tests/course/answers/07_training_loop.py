# Answers to 07_training_loop from elsewhere, in the form of an answers bank.
# right: must pass. mistake: must fail, and its advice must be true of it (the text says what was done).

# %% right="flatten_batch"
"""image by image, and a helper called rows"""


def rows(images):
    return [image.reshape(-1) for image in images]


def flatten_batch(images):
    return torch.stack(rows(images))


# %% mistake="flatten_batch"
"""assumes 28 x 28"""


def flatten_batch(images):
    return images.view(-1, 784)


# %% mistake="flatten_batch"
"""transposes height and width"""


def flatten_batch(images):
    return images.transpose(2, 3).flatten(1)


# %% right="train_step"
"""autograd.grad, put into .grad"""


def train_step(model, batch, criterion, optimizer):
    x, y = batch
    loss = criterion(model(x), y)
    for p, g in zip(model.parameters(), torch.autograd.grad(loss, list(model.parameters()))):
        p.grad = g
    optimizer.step()
    return float(loss)


# %% right="train_step"
"""gradients cleared at the end, with a closure for the optimiser"""


def train_step(model, batch, criterion, optimizer):
    def closure():
        optimizer.zero_grad()
        loss = criterion(model(batch[0]), batch[1])
        loss.backward()
        return loss

    return optimizer.step(closure).item()


# %% mistake="train_step"
"""returns the loss after the step"""


def train_step(model, batch, criterion, optimizer):
    x, y = batch
    optimizer.zero_grad()
    criterion(model(x), y).backward()
    optimizer.step()
    return criterion(model(x), y).item()


# %% mistake="train_step"
"""SGD by hand, so the optimiser's memory is not used"""


def train_step(model, batch, criterion, optimizer):
    x, y = batch
    model.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    with torch.no_grad():
        for p in model.parameters():
            p -= optimizer.param_groups[0]["lr"] * p.grad
    return loss.item()


# %% mistake="train_step"
"""clips gradients"""


def train_step(model, batch, criterion, optimizer):
    x, y = batch
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    optimizer.step()
    return loss.item()


# %% mistake="train_step"
"""uses cross-entropy of its own in place of the criterion"""


def train_step(model, batch, criterion, optimizer):
    x, y = batch
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


# %% right="train_epoch"
"""collects losses and sizes, takes a weighted mean at the end"""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    losses, sizes = [], []
    for x, y in loader:
        optimizer.zero_grad(set_to_none=False)
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
        sizes.append(len(y))
    return float(sum(l * n for l, n in zip(losses, sizes)) / sum(sizes))


# %% mistake="train_epoch"
"""losses measured at the end of the epoch"""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()
    with torch.no_grad():
        pairs = [(criterion(model(x), y).item(), len(y)) for x, y in loader]
    return sum(l * n for l, n in pairs) / sum(n for _, n in pairs)


# %% mistake="train_epoch"
"""weights by the first batch's size"""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total = count = 0
    size = None
    for x, y in loader:
        size = size or len(y)
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * size
        count += len(y)
    return total / count


# %% mistake="train_epoch"
"""trains in eval mode"""


def train_epoch(model, loader, criterion, optimizer):
    model.eval()
    total = count = 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
        count += len(y)
    return total / count


# %% mistake="can_overfit_one_batch"
"""learning rate 0.001"""


def can_overfit_one_batch(make_model, batch):
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters())
    for _ in range(100):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
    return loss.item() < 0.1


# %% mistake="can_overfit_one_batch"
"""returns the loss"""


def can_overfit_one_batch(make_model, batch):
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(100):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
    return loss.item()


# %% mistake="fit"
"""a new optimiser with momentum"""


def fit(model, loader, epochs, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    model.train()
    history = []
    for _ in range(epochs):
        total = count = 0
        for x, y in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            count += len(y)
        history.append(total / count)
    return history


# %% mistake="fit"
"""one list of the losses of all batches"""


def fit(model, loader, epochs, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    model.train()
    history = []
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            history.append(loss.item())
    return history


# %% right="predict"
"""inference mode, and the modes of all parts put back"""


def predict(model, images):
    modes = [part.training for part in model.modules()]
    model.eval()
    with torch.inference_mode():
        found = model(images).softmax(-1)
    for part, mode in zip(model.modules(), modes):
        part.training = mode
    return found


# %% mistake="predict"
"""leaves the model in eval mode"""


def predict(model, images):
    model.eval()
    with torch.no_grad():
        return model(images).softmax(1)


# %% mistake="predict"
"""always back to training"""


def predict(model, images):
    model.eval()
    with torch.no_grad():
        out = model(images).softmax(1)
    model.train()
    return out


# %% mistake="predict"
"""gradients off for good"""


def predict(model, images):
    was = model.training
    torch.set_grad_enabled(False)
    model.eval()
    out = model(images).softmax(1)
    model.train(was)
    return out


# %% mistake="predict"
"""logits"""


def predict(model, images):
    was = model.training
    model.eval()
    with torch.no_grad():
        out = model(images)
    model.train(was)
    return out


# %% right="flatten_batch"
"""view by size"""


def flatten_batch(images):
    return images.contiguous().view(images.size(0), -1)


# %% right="flatten_batch"
"""stack of rows"""


def flatten_batch(images):
    return torch.stack([image.ravel() for image in images])


# %% right="train_step"
"""detach float and zero after"""


def train_step(model, batch, criterion, optimizer):
    x, y = batch
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    return float(loss.detach())


# %% right="train_step"
"""closure"""


def train_step(model, batch, criterion, optimizer):
    def closure():
        optimizer.zero_grad()
        loss = criterion(model(batch[0]), batch[1])
        loss.backward()
        return loss

    return optimizer.step(closure).item()


# %% right="train_step"
"""gradients by autograd.grad"""


def train_step(model, batch, criterion, optimizer):
    x, y = batch
    params = [p for g in optimizer.param_groups for p in g["params"]]
    loss = criterion(model(x), y)
    for p, g in zip(params, torch.autograd.grad(loss, params)):
        p.grad = g
    optimizer.step()
    return loss.item()


# %% right="train_epoch"
"""loss measured before each step by a second forward"""


def train_epoch(model, loader, criterion, optimizer):
    model.train(True)
    losses, sizes = [], []
    for x, y in iter(loader):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach() * y.numel())
        sizes.append(y.numel())
    return (torch.stack(losses).double().sum() / sum(sizes)).item()


# %% right="train_epoch"
"""statistics weighted mean"""


def train_epoch(model, loader, criterion, optimizer):
    import statistics

    for part in model.modules():
        part.training = True
    pairs = [(train_step(model, batch, criterion, optimizer), float(batch[1].shape[0])) for batch in loader]
    return statistics.fmean([l for l, _ in pairs], weights=[n for _, n in pairs])


# %% right="can_overfit_one_batch"
"""no sequential names"""


def can_overfit_one_batch(make_model, batch):
    x, y = batch
    net = make_model()
    net.train()
    opt = torch.optim.Adam(params=list(net.parameters()), lr=1e-2)
    for _ in range(100):
        opt.zero_grad()
        torch.nn.functional.cross_entropy(net(x), y).backward()
        opt.step()
    with torch.no_grad():
        return bool(torch.nn.functional.cross_entropy(net(x), y) < 0.1)


# %% right="fit"
"""functional, own loop"""


def fit(model, loader, epochs, lr):
    history = []
    opt = torch.optim.SGD(model.parameters(), lr)
    for _ in range(epochs):
        model.train()
        seen, total = 0, 0.0
        for inputs, targets in loader:
            loss = nn.functional.cross_entropy(model(inputs), targets)
            opt.zero_grad()
            loss.backward()
            opt.step()
            seen += inputs.size(0)
            total += inputs.size(0) * float(loss)
        history += [total / seen]
    return history


# %% right="predict"
"""try finally"""


def predict(model, images):
    was = [m.training for m in model.modules()]
    try:
        with torch.inference_mode():
            return torch.softmax(model.eval()(images), dim=-1).clone()
    finally:
        for m, t in zip(model.modules(), was):
            m.training = t


# %% right="predict"
"""exp of log softmax, batchwise"""


def predict(model, images):
    mode = model.training
    model.train(False)
    with torch.no_grad():
        out = torch.cat([model(part).log_softmax(1).exp() for part in images.split(3)])
    model.train(mode)
    return out


# %% right="predict"
"""with ExitStack"""


def predict(model, images):
    import contextlib

    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        for part in model.modules():
            stack.callback(setattr, part, "training", part.training)
        model.eval()
        return model(images).softmax(dim=1)

# %% right="flatten_batch"
"""nn.Flatten"""


def flatten_batch(images):
    return nn.Flatten()(images)

# %% right="flatten_batch"
"""a stack of flattened images"""


def flatten_batch(images):
    rows = []
    for image in images:
        rows.append(image.reshape(-1))
    return torch.stack(rows)

# %% right="train_step"
"""a closure for the optimiser"""


def train_step(model, batch, criterion, optimizer):
    def closure():
        optimizer.zero_grad()
        loss = criterion(model(batch[0]), batch[1])
        loss.backward()
        return loss

    return optimizer.step(closure).item()

# %% right="train_step"
"""clears after the step"""


def train_step(model, batch, criterion, optimizer):
    x, y = batch
    loss = criterion(model(x), y)
    value = loss.detach().numpy().item()
    model.zero_grad()
    loss.backward()
    optimizer.step()
    model.zero_grad()
    return value

# %% right="train_epoch"
"""a list of losses and sizes, weighted at the end"""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    losses, sizes = [], []
    for x, y in loader:
        optimizer.zero_grad(set_to_none=False)
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
        sizes.append(y.size(0))
    weights = torch.tensor(sizes, dtype=torch.float)
    return float((torch.stack(losses) * weights).sum() / weights.sum())

# %% right="train_epoch"
"""calls train_step"""


def train_epoch(model, loader, criterion, optimizer):
    model.train(True)
    seen = 0
    mean = 0.0
    for batch in loader:
        size = len(batch[1])
        loss = train_step(model, batch, criterion, optimizer)
        seen += size
        mean += (loss - mean) * size / seen
    return mean

# %% right="can_overfit_one_batch"
"""measures after the last step, with the student's own train_step"""


def can_overfit_one_batch(make_model, batch):
    net = make_model()
    loss_fn = nn.CrossEntropyLoss()
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(100):
        train_step(net, batch, loss_fn, opt)
    with torch.no_grad():
        return bool(loss_fn(net(batch[0]), batch[1]) < 0.1)

# %% right="can_overfit_one_batch"
"""remembers the lowest loss seen"""


def can_overfit_one_batch(make_model, batch):
    model = make_model().train()
    x, y = batch
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(100):
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return min(losses) < 0.1

# %% right="fit"
"""everything written out, with the update by hand"""


def fit(model, loader, epochs, lr):
    history = []
    for _ in range(epochs):
        model.train()
        total, count = 0.0, 0
        for x, y in loader:
            model.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= lr * p.grad
            total += loss.item() * len(x)
            count += len(x)
        history.append(total / count)
    return history

# %% right="fit"
"""a sum-reduced loss for the history, the mean for the step"""


def fit(model, loader, epochs, lr):
    opt = torch.optim.SGD(model.parameters(), lr)
    result = [0.0] * epochs
    for e in range(epochs):
        model.train()
        seen = 0
        for x, y in loader:
            losses = nn.functional.cross_entropy(model(x), y, reduction="none")
            opt.zero_grad()
            losses.mean().backward()
            opt.step()
            result[e] += losses.sum().item()
            seen += y.numel()
        result[e] /= seen
    return result

# %% mistake="predict"
"""Restores the mode after the return: unreachable, the model stays in eval mode."""


def predict(model, images):
    was_training = model.training
    model.eval()
    with torch.no_grad():
        return torch.softmax(model(images), dim=1)
    model.train(was_training)

# %% right="predict"
"""decorator, and exp of log_softmax"""


@torch.no_grad()
def predict(model, images):
    mode = model.training
    model.eval()
    try:
        return nn.functional.log_softmax(model(images), dim=-1).exp()
    finally:
        model.train(mode)

# %% right="predict"
"""inference_mode and a mode switched only if needed"""


def predict(model, images):
    training = model.training
    if training:
        model.eval()
    with torch.inference_mode():
        logits = model(images)
    e = torch.exp(logits - logits.max(dim=1, keepdim=True).values)
    probabilities = e / e.sum(dim=1, keepdim=True)
    if training:
        model.train()
    return probabilities

# %% mistake="flatten_batch"
"""squeeze() first: a batch of one image loses its batch axis."""


def flatten_batch(images):
    return images.squeeze().flatten(1)

# %% mistake="flatten_batch"
"""Channels last: the pixels of the channels are interleaved."""


def flatten_batch(images):
    return images.permute(0, 2, 3, 1).flatten(1)
