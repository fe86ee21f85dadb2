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
