# %% right="repair_loop"
"""functional"""


def repair_loop(model, loader, epochs, lr):
    opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    history = []
    for _ in range(epochs):
        model.train()
        sums = []
        for x, y in loader:
            opt.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            opt.step()
            sums.append((loss.item() * len(y), len(y)))
        history.append(sum(a for a, _ in sums) / sum(b for _, b in sums))
    return history


# %% right="repair_validation"
"""deep copy"""


def repair_validation(model, loader, criterion):
    twin = copy.deepcopy(model).eval()
    t = h = n = 0
    with torch.inference_mode():
        for x, y in loader:
            out = twin(x)
            t += criterion(out, y).item() * len(y)
            h += (out.argmax(1) == y).sum().item()
            n += len(y)
    return t / n, h / n


# %% right="repair_model"
"""own class"""


def repair_model(n_in, wide, narrow, n_out):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = nn.Linear(n_in, wide), nn.Linear(wide, narrow), nn.Linear(narrow, n_out)

        def forward(self, x):
            return self.c(torch.relu(self.b(torch.relu(self.a(x.flatten(1))))))

    return Net()

# %% right="vital_signs"
"""a forward pre-computed by a helper, the leak as a matrix"""


def vital_signs(model, batch, criterion):
    images, labels = batch
    twin = copy.deepcopy(model)
    silent = []
    for part in twin.modules():
        if isinstance(part, nn.ReLU):
            part.register_forward_hook(lambda _, __, out: silent.append(out.detach().eq(0).all(0).view(-1)))
    x = images.clone().requires_grad_()
    outputs = twin(x)
    silent = torch.cat(silent[:]) if silent else torch.zeros(1)
    loss = criterion(outputs, labels)
    loss.backward(retain_graph=True)
    norms = [float(p.grad.norm()) if p.grad is not None else 0.0 for p in twin.parameters()]
    largest = [0.0]
    if x.grad is not None or outputs.requires_grad:
        for i, row in enumerate(outputs):
            slope = torch.autograd.grad(row.sum(), x, retain_graph=True, allow_unused=True)[0]
            if slope is not None:
                others = [j for j in range(len(x)) if j != i]
                largest.append(float(slope[others].abs().max()))
    first = loss.item() / math.log(outputs.size(1))
    pupil = copy.deepcopy(model)
    adam = torch.optim.Adam(pupil.parameters(), 0.02)
    for _ in range(40):
        adam.zero_grad()
        criterion(pupil(images), labels).backward()
        adam.step()
    with torch.no_grad():
        known, blind = (criterion(pupil(p), labels).item() for p in (images, 0 * images))
    return dict(first_loss=first, gradients=norms, dead=float(silent.double().mean()), leak=max(largest), by_heart=known, blank=blind)

# %% right="vital_signs"
"""counts silent units by hand"""


def vital_signs(model, batch, criterion):
    images, labels = batch
    seen = []
    hooks = []
    for part in model.modules():
        if isinstance(part, nn.ReLU):
            hooks.append(part.register_forward_hook(lambda part, inputs, output: seen.append(output.abs().sum(dim=0) == 0)))
    outputs = model(images)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)
    gradients = [0.0 if s is None else s.norm().item() for s in slopes]
    dead = sum(int(s.sum()) for s in seen) / max(1, sum(s.numel() for s in seen))
    pixels = images.clone().requires_grad_()
    out = model(pixels)
    leak = 0.0
    for i in range(len(out)):
        (g,) = torch.autograd.grad(out[i].sum(), pixels, retain_graph=True, allow_unused=True)
        if g is None:
            continue
        g = g.flatten(1).abs().amax(dim=1)
        g[i] = 0
        leak = max(leak, g.max().item())
    learned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(learned.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        criterion(learned(images), labels).backward()
        optimizer.step()
    by_heart = criterion(learned(images), labels).item()
    blank = criterion(learned(torch.zeros_like(images)), labels).item()
    return {
        "first_loss": loss.item() / math.log(outputs.shape[1]),
        "gradients": gradients,
        "dead": dead,
        "leak": leak,
        "by_heart": by_heart,
        "blank": blank,
    }

# %% right="name_the_fault"
"""nested questions"""


def name_the_fault(signs):
    if signs["spread"] > 3:
        return "images not scaled"
    if signs["leak"] > 0:
        return "softmax over the batch" if signs["first_loss"] > 1.1 else "images mixed"
    if signs["repeat"] > 0:
        return "dropout always on"
    if signs["gradients"][0] == 0 and signs["dead"] < 0.4:
        return "tape cut"
    if signs["first_loss"] < 0.3:
        return "no softmax at all"
    if signs["first_loss"] > 3:
        return "weights too large"
    if signs["dead"] > 0.4:
        return "dead units"
    if abs(signs["blank"] - signs["by_heart"]) < 0.05:
        return "image ignored"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    if signs["own"] == 1:
        return "nothing moves"
    if not signs["own"] < 1.5:
        return "learning rate too large"
    if signs["own"] > 0.9:
        return "learning rate too small"
    return "nothing"

# %% right="repair_loop"
"""clears after the step"""


def repair_loop(model, loader, epochs, lr):
    criterion = nn.CrossEntropyLoss()
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    history = []
    for _ in range(epochs):
        total, count = 0.0, 0
        for x, y in loader:
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            total += loss.item() * len(y)
            count += len(y)
        history.append(total / count)
    return history

# %% right="repair_loop"
"""momentum by hand"""


def repair_loop(model, loader, epochs, lr):
    velocities = [torch.zeros_like(p) for p in model.parameters()]
    history = []
    for _ in range(epochs):
        model.train()
        losses, sizes = [], []
        for x, y in loader:
            loss = nn.functional.cross_entropy(model(x), y)
            grads = torch.autograd.grad(loss, list(model.parameters()))
            with torch.no_grad():
                for p, g, v in zip(model.parameters(), grads, velocities):
                    v.mul_(0.9).add_(g)
                    p -= lr * v
            losses.append(loss.item())
            sizes.append(len(x))
        history.append(sum(l * s for l, s in zip(losses, sizes)) / sum(sizes))
    return history

# %% mistake="repair_validation"
"""argmax over the batch axis, an error."""


@torch.no_grad()
def repair_validation(model, loader, criterion):
    modes = {part: part.training for part in model.modules()}
    model.eval()
    total, right, count = 0.0, 0, 0
    for x, y in loader:
        scores = model(x)
        total += criterion(scores, y).item() * len(y)
        right += (scores.argmax(dim=0) == y).sum().item()
        count += len(y)
    for part, mode in modes.items():
        part.training = mode
    return total / count, right / count

# %% right="repair_validation"
"""the program as it is"""


@torch.no_grad()
def repair_validation(model, loader, criterion):
    modes = {part: part.training for part in model.modules()}
    model.eval()
    total, right, count = 0.0, 0, 0
    for x, y in loader:
        scores = model(x)
        total += criterion(scores, y).item() * len(y)
        right += (scores.argmax(dim=1) == y).sum().item()
        count += len(y)
    for part, mode in modes.items():
        part.training = mode
    return total / count, right / count

# %% right="repair_validation"
"""on a copy"""


def repair_validation(model, loader, criterion):
    twin = copy.deepcopy(model)
    twin.eval()
    total = right = count = 0
    for images, labels in loader:
        with torch.inference_mode():
            scores = twin(images)
            total += float(criterion(scores, labels)) * len(labels)
        right += int(sum(scores.argmax(1) == labels))
        count += len(labels)
    return total / count, right / count

# %% mistake="repair_model"
"""Returns the class, not an instance... half-finished: builds the model and forgets to return it."""


def repair_model(n_in, wide, narrow, n_out):
    model = nn.Sequential(nn.Flatten(), nn.Linear(n_in, wide), nn.ReLU(), nn.Linear(wide, narrow), nn.ReLU(), nn.Linear(narrow, n_out))

# %% right="repair_model"
"""ModuleList"""


class Mended(nn.Module):
    def __init__(self, n_in, wide, narrow, n_out):
        super().__init__()
        self.hidden = nn.ModuleList([nn.Linear(n_in, wide), nn.Linear(wide, narrow)])
        self.last = nn.Linear(narrow, n_out)

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return self.last(x)


def repair_model(n_in, wide, narrow, n_out):
    return Mended(n_in, wide, narrow, n_out)

# %% right="repair_model"
"""attributes by name, clamp as ReLU"""


class Net(nn.Module):
    def __init__(self, *sizes):
        super().__init__()
        for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
            self.add_module(f"layer{i}", nn.Linear(a, b))

    def forward(self, x):
        x = x.reshape(len(x), -1)
        x = self.layer0(x).clamp(min=0)
        x = self.layer1(x).clamp(min=0)
        return self.layer2(x)


def repair_model(n_in, wide, narrow, n_out):
    return Net(n_in, wide, narrow, n_out)

# %% mistake="repair_validation"
"""Returns accuracy and loss in the wrong order."""


@torch.no_grad()
def repair_validation(model, loader, criterion):
    modes = {part: part.training for part in model.modules()}
    model.eval()
    total, right, count = 0.0, 0, 0
    for x, y in loader:
        scores = model(x)
        total += criterion(scores, y).item() * len(y)
        right += (scores.argmax(dim=1) == y).sum().item()
        count += len(y)
    for part, mode in modes.items():
        part.training = mode
    return right / count, total / count

# %% mistake="repair_loop"
"""Returns only the last epoch's loss."""


def repair_loop(model, loader, epochs, lr):
    criterion = nn.CrossEntropyLoss()
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    history = []
    for _ in range(epochs):
        total, count = 0.0, 0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            count += len(y)
        history.append(total / count)
    return history[-1]

# %% mistake="repair_model"
"""Flattens the batch too (flatten() without 1)."""


class Net(nn.Module):
    def __init__(self, n_in, wide, narrow, n_out):
        super().__init__()
        self.hidden = nn.ModuleList([nn.Linear(n_in, wide), nn.Linear(wide, narrow)])
        self.last = nn.Linear(narrow, n_out)

    def forward(self, x):
        x = x.flatten()
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return self.last(x)


def repair_model(n_in, wide, narrow, n_out):
    return Net(n_in, wide, narrow, n_out)
