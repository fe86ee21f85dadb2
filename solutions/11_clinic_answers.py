# %% [markdown]
# Answers to lesson 11: right ones written in other ways, and the mistakes people make.

# %% [markdown]
# ## vital_signs

# %% right="vital_signs"
"""everything on copies, leak from a Jacobian"""


def vital_signs(model, batch, criterion):
    images, labels = batch
    watched, silent = copy.deepcopy(model), {}
    for name, part in watched.named_modules():
        if isinstance(part, nn.ReLU):
            part.register_forward_hook(
                lambda part, _, output, name=name: silent.update({name: output.amax(0) <= 0})
            )
    outputs = watched(images)
    loss = criterion(outputs, labels)
    loss.backward()
    gradients = [float(p.grad.norm()) if p.grad is not None else 0.0 for p in watched.parameters()]
    sums = torch.autograd.functional.jacobian(lambda x: copy.deepcopy(model)(x).sum(1), images)
    strength = sums.flatten(2).abs().amax(2)
    strength.fill_diagonal_(0)
    pupil = copy.deepcopy(model)
    adam = torch.optim.Adam(pupil.parameters(), 0.02)
    for _ in range(40):
        pupil.zero_grad()
        criterion(pupil(images), labels).backward()
        adam.step()
    with torch.no_grad():
        known, blank = (criterion(pupil(x), labels) for x in (images, images * 0))
    return {
        "first_loss": float(loss) / math.log(outputs.size(1)),
        "gradients": gradients,
        "dead": float(torch.cat([unit.flatten() for unit in silent.values()]).double().mean()),
        "leak": float(strength.max()),
        "by_heart": float(known),
        "blank": float(blank),
    }


# %% right="vital_signs"
"""small functions, one for each sign"""


def silent_share(model, images):
    counts = []

    def note(part, inputs, output):
        counts.append((int((output.abs().sum(0) == 0).sum()), output[0].numel()))

    hooks = [part.register_forward_hook(note) for part in model.modules() if type(part) is nn.ReLU]
    with torch.no_grad():
        model(images)
    [hook.remove() for hook in hooks]
    return sum(silent for silent, _ in counts) / sum(all_units for _, all_units in counts)


def leak_of(model, images):
    most = torch.zeros(())
    for number in range(len(images)):
        pixels = images.detach().clone().requires_grad_(True)
        (slope,) = torch.autograd.grad(
            model(pixels)[number].sum(), pixels, allow_unused=True, materialize_grads=True
        )
        others = torch.arange(len(images)) != number
        most = torch.maximum(most.to(slope), slope[others].abs().max())
    return most.item()


def vital_signs(model, batch, criterion):
    images, labels = batch
    parameters = list(model.parameters())
    outputs = model(images)
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
    signs = {
        "first_loss": (loss / math.log(outputs.shape[-1])).item(),
        "gradients": [s.norm().item() for s in slopes],
    }
    signs |= {"dead": silent_share(model, images), "leak": leak_of(model, images)}
    learned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(learned.parameters(), lr=2e-2)
    step = 0
    while step < 40:
        optimizer.zero_grad(set_to_none=False)
        criterion(learned(images), labels).backward()
        optimizer.step()
        step += 1
    signs["by_heart"] = criterion(learned(images), labels).item()
    signs["blank"] = criterion(learned(torch.full_like(images, 0.0)), labels).item()
    return signs


# %% right="vital_signs"
"""without a copy of the model: its state is put back at the end"""


def vital_signs(model, batch, criterion):
    images, labels = batch
    state = {name: value.clone() for name, value in model.state_dict().items()}
    relus = [part for part in model.modules() if isinstance(part, nn.ReLU)]
    zero = []
    hooks = [
        part.register_forward_hook(lambda p, i, o: zero.append(o.eq(0).all(0).view(-1))) for part in relus
    ]
    outputs = model(images)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    gradients = []
    for parameter in model.parameters():
        (slope,) = torch.autograd.grad(loss, parameter, retain_graph=True, allow_unused=True)
        gradients.append(0.0 if slope is None else slope.square().sum().sqrt().item())
    pixels = images.clone().requires_grad_()
    sums = model(pixels).sum(dim=1)
    leaks = []
    for number in range(len(images)):
        chosen = torch.zeros_like(sums)
        chosen[number] = 1
        (slope,) = torch.autograd.grad(sums, pixels, chosen, retain_graph=True, allow_unused=True)
        slope = torch.zeros_like(images) if slope is None else slope
        slope[number] = 0
        leaks.append(slope.abs().max().item())
    adam = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(40):
        slopes = torch.autograd.grad(
            criterion(model(images), labels), list(model.parameters()), allow_unused=True
        )
        for parameter, slope in zip(model.parameters(), slopes):
            parameter.grad = slope
        adam.step()
    with torch.no_grad():
        known = criterion(model(images), labels).item()
        blank = criterion(model(images.new_zeros(images.shape)), labels).item()
    model.load_state_dict(state)
    for parameter in model.parameters():
        parameter.grad = None
    return {
        "first_loss": loss.item() / torch.tensor(float(outputs.shape[1])).log().item(),
        "gradients": gradients,
        "dead": torch.cat(zero).float().mean().item(),
        "leak": max(leaks),
        "by_heart": known,
        "blank": blank,
    }


# %% mistake="vital_signs" slip=true
"""You trained the patient itself. An examination must not change whom it examines: everything after it, the second
examination too, sees another network. Train a copy."""


def vital_signs(model: nn.Module, batch: tuple[Tensor, Tensor], criterion: nn.Module) -> dict[str, Any]:
    images, labels = batch
    silent = []
    hooks = [
        part.register_forward_hook(
            lambda part, inputs, output: silent.append((output == 0).all(dim=0).flatten())
        )
        for part in model.modules()
        if isinstance(part, nn.ReLU)
    ]
    pixels = images.clone().requires_grad_()
    outputs = model(pixels)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
    leak = 0.0
    for number, one in enumerate(outputs):
        (slope,) = torch.autograd.grad(one.sum(), pixels, retain_graph=True, allow_unused=True)
        if slope is not None:
            slope[number] = 0
            leak = max(leak, slope.abs().max().item())
    learned = model
    optimizer = torch.optim.Adam(learned.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        criterion(learned(images), labels).backward()
        optimizer.step()
    return {
        "first_loss": loss.item() / math.log(outputs.shape[1]),
        "gradients": [0.0 if slope is None else slope.norm().item() for slope in slopes],
        "dead": torch.cat(silent).double().mean().item(),
        "leak": leak,
        "by_heart": criterion(learned(images), labels).item(),
        "blank": criterion(learned(torch.zeros_like(images)), labels).item(),
    }


# %% mistake="vital_signs" slip=true
"""The first loss is not divided by anything. In units of ln C one range fits every number of classes: near 1 for a
network that knows nothing yet."""


def vital_signs(model: nn.Module, batch: tuple[Tensor, Tensor], criterion: nn.Module) -> dict[str, Any]:
    images, labels = batch
    silent = []
    hooks = [
        part.register_forward_hook(
            lambda part, inputs, output: silent.append((output == 0).all(dim=0).flatten())
        )
        for part in model.modules()
        if isinstance(part, nn.ReLU)
    ]
    pixels = images.clone().requires_grad_()
    outputs = model(pixels)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
    leak = 0.0
    for number, one in enumerate(outputs):
        (slope,) = torch.autograd.grad(one.sum(), pixels, retain_graph=True, allow_unused=True)
        if slope is not None:
            slope[number] = 0
            leak = max(leak, slope.abs().max().item())
    learned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(learned.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        criterion(learned(images), labels).backward()
        optimizer.step()
    return {
        "first_loss": loss.item(),
        "gradients": [0.0 if slope is None else slope.norm().item() for slope in slopes],
        "dead": torch.cat(silent).double().mean().item(),
        "leak": leak,
        "by_heart": criterion(learned(images), labels).item(),
        "blank": criterion(learned(torch.zeros_like(images)), labels).item(),
    }


# %% mistake="vital_signs" slip=true
"""You divided by ln 10. Other patients have other numbers of classes: how many, the outputs say."""


def vital_signs(model: nn.Module, batch: tuple[Tensor, Tensor], criterion: nn.Module) -> dict[str, Any]:
    images, labels = batch
    silent = []
    hooks = [
        part.register_forward_hook(
            lambda part, inputs, output: silent.append((output == 0).all(dim=0).flatten())
        )
        for part in model.modules()
        if isinstance(part, nn.ReLU)
    ]
    pixels = images.clone().requires_grad_()
    outputs = model(pixels)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
    leak = 0.0
    for number, one in enumerate(outputs):
        (slope,) = torch.autograd.grad(one.sum(), pixels, retain_graph=True, allow_unused=True)
        if slope is not None:
            slope[number] = 0
            leak = max(leak, slope.abs().max().item())
    learned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(learned.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        criterion(learned(images), labels).backward()
        optimizer.step()
    return {
        "first_loss": loss.item() / math.log(10),
        "gradients": [0.0 if slope is None else slope.norm().item() for slope in slopes],
        "dead": torch.cat(silent).double().mean().item(),
        "leak": leak,
        "by_heart": criterion(learned(images), labels).item(),
        "blank": criterion(learned(torch.zeros_like(images)), labels).item(),
    }


# %% mistake="vital_signs" slip=true
"""You divided by the logarithm of the number of images. A network without knowledge spreads its belief over the
classes, not over the batch."""


def vital_signs(model: nn.Module, batch: tuple[Tensor, Tensor], criterion: nn.Module) -> dict[str, Any]:
    images, labels = batch
    silent = []
    hooks = [
        part.register_forward_hook(
            lambda part, inputs, output: silent.append((output == 0).all(dim=0).flatten())
        )
        for part in model.modules()
        if isinstance(part, nn.ReLU)
    ]
    pixels = images.clone().requires_grad_()
    outputs = model(pixels)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
    leak = 0.0
    for number, one in enumerate(outputs):
        (slope,) = torch.autograd.grad(one.sum(), pixels, retain_graph=True, allow_unused=True)
        if slope is not None:
            slope[number] = 0
            leak = max(leak, slope.abs().max().item())
    learned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(learned.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        criterion(learned(images), labels).backward()
        optimizer.step()
    return {
        "first_loss": loss.item() / math.log(len(images)),
        "gradients": [0.0 if slope is None else slope.norm().item() for slope in slopes],
        "dead": torch.cat(silent).double().mean().item(),
        "leak": leak,
        "by_heart": criterion(learned(images), labels).item(),
        "blank": criterion(learned(torch.zeros_like(images)), labels).item(),
    }


# %% mistake="vital_signs" slip=true
"""Parameters that get no gradient are left out of the list, so what stands first may belong to the second layer. Each
parameter has a place: 0.0 where nothing arrives."""


def vital_signs(model: nn.Module, batch: tuple[Tensor, Tensor], criterion: nn.Module) -> dict[str, Any]:
    images, labels = batch
    silent = []
    hooks = [
        part.register_forward_hook(
            lambda part, inputs, output: silent.append((output == 0).all(dim=0).flatten())
        )
        for part in model.modules()
        if isinstance(part, nn.ReLU)
    ]
    pixels = images.clone().requires_grad_()
    outputs = model(pixels)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
    leak = 0.0
    for number, one in enumerate(outputs):
        (slope,) = torch.autograd.grad(one.sum(), pixels, retain_graph=True, allow_unused=True)
        if slope is not None:
            slope[number] = 0
            leak = max(leak, slope.abs().max().item())
    learned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(learned.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        criterion(learned(images), labels).backward()
        optimizer.step()
    return {
        "first_loss": loss.item() / math.log(outputs.shape[1]),
        "gradients": [slope.norm().item() for slope in slopes if slope is not None],
        "dead": torch.cat(silent).double().mean().item(),
        "leak": leak,
        "by_heart": criterion(learned(images), labels).item(),
        "blank": criterion(learned(torch.zeros_like(images)), labels).item(),
    }


# %% mistake="vital_signs" slip=true
"""You counted zeros: half of all outputs of a sound ReLU are 0. A dead unit is one that gives 0 for every image of the
batch. First ask each unit about all images, then take the share of units."""


def vital_signs(model: nn.Module, batch: tuple[Tensor, Tensor], criterion: nn.Module) -> dict[str, Any]:
    images, labels = batch
    silent = []
    hooks = [
        part.register_forward_hook(lambda part, inputs, output: silent.append((output == 0).flatten()))
        for part in model.modules()
        if isinstance(part, nn.ReLU)
    ]
    pixels = images.clone().requires_grad_()
    outputs = model(pixels)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
    leak = 0.0
    for number, one in enumerate(outputs):
        (slope,) = torch.autograd.grad(one.sum(), pixels, retain_graph=True, allow_unused=True)
        if slope is not None:
            slope[number] = 0
            leak = max(leak, slope.abs().max().item())
    learned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(learned.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        criterion(learned(images), labels).backward()
        optimizer.step()
    return {
        "first_loss": loss.item() / math.log(outputs.shape[1]),
        "gradients": [0.0 if slope is None else slope.norm().item() for slope in slopes],
        "dead": torch.cat(silent).double().mean().item(),
        "leak": leak,
        "by_heart": criterion(learned(images), labels).item(),
        "blank": criterion(learned(torch.zeros_like(images)), labels).item(),
    }


# %% mistake="vital_signs" slip=true
"""You asked whether an image silences all units of a layer. The question is the other way round: which units are
silent for all images? Which axis is the batch?"""


def vital_signs(model: nn.Module, batch: tuple[Tensor, Tensor], criterion: nn.Module) -> dict[str, Any]:
    images, labels = batch
    silent = []
    hooks = [
        part.register_forward_hook(
            lambda part, inputs, output: silent.append((output == 0).all(dim=1).flatten())
        )
        for part in model.modules()
        if isinstance(part, nn.ReLU)
    ]
    pixels = images.clone().requires_grad_()
    outputs = model(pixels)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
    leak = 0.0
    for number, one in enumerate(outputs):
        (slope,) = torch.autograd.grad(one.sum(), pixels, retain_graph=True, allow_unused=True)
        if slope is not None:
            slope[number] = 0
            leak = max(leak, slope.abs().max().item())
    learned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(learned.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        criterion(learned(images), labels).backward()
        optimizer.step()
    return {
        "first_loss": loss.item() / math.log(outputs.shape[1]),
        "gradients": [0.0 if slope is None else slope.norm().item() for slope in slopes],
        "dead": torch.cat(silent).double().mean().item(),
        "leak": leak,
        "by_heart": criterion(learned(images), labels).item(),
        "blank": criterion(learned(torch.zeros_like(images)), labels).item(),
    }


# %% mistake="vital_signs"
"""Your leak counts what an image does to its own scores. That must not be 0: it is what the network is for. Leave the
image itself out and look at the others."""


def vital_signs(model: nn.Module, batch: tuple[Tensor, Tensor], criterion: nn.Module) -> dict[str, Any]:
    images, labels = batch
    silent = []
    hooks = [
        part.register_forward_hook(
            lambda part, inputs, output: silent.append((output == 0).all(dim=0).flatten())
        )
        for part in model.modules()
        if isinstance(part, nn.ReLU)
    ]
    pixels = images.clone().requires_grad_()
    outputs = model(pixels)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
    leak = 0.0
    for number, one in enumerate(outputs):
        (slope,) = torch.autograd.grad(one.sum(), pixels, retain_graph=True, allow_unused=True)
        if slope is not None:
            leak = max(leak, slope.abs().max().item())
    learned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(learned.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        criterion(learned(images), labels).backward()
        optimizer.step()
    return {
        "first_loss": loss.item() / math.log(outputs.shape[1]),
        "gradients": [0.0 if slope is None else slope.norm().item() for slope in slopes],
        "dead": torch.cat(silent).double().mean().item(),
        "leak": leak,
        "by_heart": criterion(learned(images), labels).item(),
        "blank": criterion(learned(torch.zeros_like(images)), labels).item(),
    }


# %% mistake="vital_signs"
"""You added up the outputs of all images before asking for the gradient. So every image answers for itself as well,
and nobody can tell whose score it was. Ask for one image's outputs at a time."""


def vital_signs(model: nn.Module, batch: tuple[Tensor, Tensor], criterion: nn.Module) -> dict[str, Any]:
    images, labels = batch
    silent = []
    hooks = [
        part.register_forward_hook(
            lambda part, inputs, output: silent.append((output == 0).all(dim=0).flatten())
        )
        for part in model.modules()
        if isinstance(part, nn.ReLU)
    ]
    pixels = images.clone().requires_grad_()
    outputs = model(pixels)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
    leak = 0.0
    for number, one in enumerate(outputs):
        (slope,) = torch.autograd.grad(outputs.sum(), pixels, retain_graph=True, allow_unused=True)
        if slope is not None:
            slope[number] = 0
            leak = max(leak, slope.abs().max().item())
    learned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(learned.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        criterion(learned(images), labels).backward()
        optimizer.step()
    return {
        "first_loss": loss.item() / math.log(outputs.shape[1]),
        "gradients": [0.0 if slope is None else slope.norm().item() for slope in slopes],
        "dead": torch.cat(silent).double().mean().item(),
        "leak": leak,
        "by_heart": criterion(learned(images), labels).item(),
        "blank": criterion(learned(torch.zeros_like(images)), labels).item(),
    }


# %% mistake="vital_signs"
"""The leak has a sign in it: without the absolute value a pull downwards does not count. How strong it is does not
depend on the direction."""


def vital_signs(model: nn.Module, batch: tuple[Tensor, Tensor], criterion: nn.Module) -> dict[str, Any]:
    images, labels = batch
    silent = []
    hooks = [
        part.register_forward_hook(
            lambda part, inputs, output: silent.append((output == 0).all(dim=0).flatten())
        )
        for part in model.modules()
        if isinstance(part, nn.ReLU)
    ]
    pixels = images.clone().requires_grad_()
    outputs = model(pixels)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
    leak = 0.0
    for number, one in enumerate(outputs):
        (slope,) = torch.autograd.grad(one.sum(), pixels, retain_graph=True, allow_unused=True)
        if slope is not None:
            slope[number] = 0
            leak = max(leak, slope.max().item())
    learned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(learned.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        criterion(learned(images), labels).backward()
        optimizer.step()
    return {
        "first_loss": loss.item() / math.log(outputs.shape[1]),
        "gradients": [0.0 if slope is None else slope.norm().item() for slope in slopes],
        "dead": torch.cat(silent).double().mean().item(),
        "leak": leak,
        "by_heart": criterion(learned(images), labels).item(),
        "blank": criterion(learned(torch.zeros_like(images)), labels).item(),
    }


# %% mistake="vital_signs"
"""The blank images went through a network that has learned nothing yet. The question is whether the copy that knows
its batch by heart looks at the pixels."""


def vital_signs(model: nn.Module, batch: tuple[Tensor, Tensor], criterion: nn.Module) -> dict[str, Any]:
    images, labels = batch
    silent = []
    hooks = [
        part.register_forward_hook(
            lambda part, inputs, output: silent.append((output == 0).all(dim=0).flatten())
        )
        for part in model.modules()
        if isinstance(part, nn.ReLU)
    ]
    pixels = images.clone().requires_grad_()
    outputs = model(pixels)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
    leak = 0.0
    for number, one in enumerate(outputs):
        (slope,) = torch.autograd.grad(one.sum(), pixels, retain_graph=True, allow_unused=True)
        if slope is not None:
            slope[number] = 0
            leak = max(leak, slope.abs().max().item())
    learned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(learned.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        criterion(learned(images), labels).backward()
        optimizer.step()
    return {
        "first_loss": loss.item() / math.log(outputs.shape[1]),
        "gradients": [0.0 if slope is None else slope.norm().item() for slope in slopes],
        "dead": torch.cat(silent).double().mean().item(),
        "leak": leak,
        "by_heart": criterion(learned(images), labels).item(),
        "blank": criterion(model(torch.zeros_like(images)), labels).item(),
    }


# %% mistake="vital_signs"
"""The loss by heart is that of the last batch *before* the last step. After 40 steps the copy has moved once more:
measure then."""


def vital_signs(model: nn.Module, batch: tuple[Tensor, Tensor], criterion: nn.Module) -> dict[str, Any]:
    images, labels = batch
    silent = []
    hooks = [
        part.register_forward_hook(
            lambda part, inputs, output: silent.append((output == 0).all(dim=0).flatten())
        )
        for part in model.modules()
        if isinstance(part, nn.ReLU)
    ]
    pixels = images.clone().requires_grad_()
    outputs = model(pixels)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
    leak = 0.0
    for number, one in enumerate(outputs):
        (slope,) = torch.autograd.grad(one.sum(), pixels, retain_graph=True, allow_unused=True)
        if slope is not None:
            slope[number] = 0
            leak = max(leak, slope.abs().max().item())
    learned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(learned.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        last = criterion(learned(images), labels)
        last.backward()
        optimizer.step()
    return {
        "first_loss": loss.item() / math.log(outputs.shape[1]),
        "gradients": [0.0 if slope is None else slope.norm().item() for slope in slopes],
        "dead": torch.cat(silent).double().mean().item(),
        "leak": leak,
        "by_heart": last.item(),
        "blank": criterion(learned(torch.zeros_like(images)), labels).item(),
    }


# %% mistake="vital_signs" slip=true
"""After your examination the parameters still hold gradients, and the patient's next training step would add its own
to them. `torch.autograd.grad` leaves no traces, and so does a copy."""


def vital_signs(model: nn.Module, batch: tuple[Tensor, Tensor], criterion: nn.Module) -> dict[str, Any]:
    images, labels = batch
    silent = []
    hooks = [
        part.register_forward_hook(
            lambda part, inputs, output: silent.append((output == 0).all(dim=0).flatten())
        )
        for part in model.modules()
        if isinstance(part, nn.ReLU)
    ]
    pixels = images.clone().requires_grad_()
    outputs = model(pixels)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    loss.backward(retain_graph=True)
    slopes = [parameter.grad for parameter in model.parameters()]
    leak = 0.0
    for number, one in enumerate(outputs):
        (slope,) = torch.autograd.grad(one.sum(), pixels, retain_graph=True, allow_unused=True)
        if slope is not None:
            slope[number] = 0
            leak = max(leak, slope.abs().max().item())
    learned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(learned.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        criterion(learned(images), labels).backward()
        optimizer.step()
    return {
        "first_loss": loss.item() / math.log(outputs.shape[1]),
        "gradients": [0.0 if slope is None else slope.norm().item() for slope in slopes],
        "dead": torch.cat(silent).double().mean().item(),
        "leak": leak,
        "by_heart": criterion(learned(images), labels).item(),
        "blank": criterion(learned(torch.zeros_like(images)), labels).item(),
    }


# %% mistake="vital_signs" slip=true
"""Your hooks stay on the patient: from now on they run at every forward pass and fill a list that nobody reads. Take
them off when they have done their work."""


def vital_signs(model: nn.Module, batch: tuple[Tensor, Tensor], criterion: nn.Module) -> dict[str, Any]:
    images, labels = batch
    silent = []
    hooks = [
        part.register_forward_hook(
            lambda part, inputs, output: silent.append((output == 0).all(dim=0).flatten())
        )
        for part in model.modules()
        if isinstance(part, nn.ReLU)
    ]
    pixels = images.clone().requires_grad_()
    outputs = model(pixels)
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
    leak = 0.0
    for number, one in enumerate(outputs):
        (slope,) = torch.autograd.grad(one.sum(), pixels, retain_graph=True, allow_unused=True)
        if slope is not None:
            slope[number] = 0
            leak = max(leak, slope.abs().max().item())
    learned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(learned.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        criterion(learned(images), labels).backward()
        optimizer.step()
    return {
        "first_loss": loss.item() / math.log(outputs.shape[1]),
        "gradients": [0.0 if slope is None else slope.norm().item() for slope in slopes],
        "dead": torch.cat(silent).double().mean().item(),
        "leak": leak,
        "by_heart": criterion(learned(images), labels).item(),
        "blank": criterion(learned(torch.zeros_like(images)), labels).item(),
    }


# %% mistake="vital_signs" slip=true
"""You put the patient into training mode and left it so. Whoever comes after you expects the mode that it had."""


def vital_signs(model: nn.Module, batch: tuple[Tensor, Tensor], criterion: nn.Module) -> dict[str, Any]:
    images, labels = batch
    silent = []
    hooks = [
        part.register_forward_hook(
            lambda part, inputs, output: silent.append((output == 0).all(dim=0).flatten())
        )
        for part in model.modules()
        if isinstance(part, nn.ReLU)
    ]
    model.train()
    pixels = images.clone().requires_grad_()
    outputs = model(pixels)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
    leak = 0.0
    for number, one in enumerate(outputs):
        (slope,) = torch.autograd.grad(one.sum(), pixels, retain_graph=True, allow_unused=True)
        if slope is not None:
            slope[number] = 0
            leak = max(leak, slope.abs().max().item())
    learned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(learned.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        criterion(learned(images), labels).backward()
        optimizer.step()
    return {
        "first_loss": loss.item() / math.log(outputs.shape[1]),
        "gradients": [0.0 if slope is None else slope.norm().item() for slope in slopes],
        "dead": torch.cat(silent).double().mean().item(),
        "leak": leak,
        "by_heart": criterion(learned(images), labels).item(),
        "blank": criterion(learned(torch.zeros_like(images)), labels).item(),
    }


# %% mistake="vital_signs"
"""Your blank images are white: all pixels are 1. Blank means 0."""


def vital_signs(model: nn.Module, batch: tuple[Tensor, Tensor], criterion: nn.Module) -> dict[str, Any]:
    """Examine a network on one batch, without changing it.

    batch: images (n, ...) of any shape behind the first axis, and labels (n,) int64;
    criterion(outputs, labels): a scalar tensor; outputs: (n, classes).
    Returns a dictionary of
    "first_loss": the loss of the batch divided by ln(classes), a float;
    "gradients": one float for each parameter, in their order: the norm of the loss's gradient, 0.0 if none arrives;
    "dead": of all units of all `nn.ReLU` parts, the share that gives 0 for every image;
    "leak": the largest absolute derivative of the summed outputs of one image with respect to a pixel of another,
    0.0 if no way leads from the pixels to the outputs;
    "by_heart": the loss of a copy after 40 steps of Adam with lr=0.02, each on the whole batch;
    "blank": the loss that this copy then has when all pixels are 0.
    """
    images, labels = batch
    silent = []
    hooks = [
        part.register_forward_hook(
            lambda part, inputs, output: silent.append((output == 0).all(dim=0).flatten())
        )
        for part in model.modules()
        if isinstance(part, nn.ReLU)
    ]
    pixels = images.clone().requires_grad_()
    outputs = model(pixels)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
    leak = 0.0
    for number, one in enumerate(outputs):
        (slope,) = torch.autograd.grad(one.sum(), pixels, retain_graph=True, allow_unused=True)
        if slope is not None:
            slope[number] = 0
            leak = max(leak, slope.abs().max().item())
    learned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(learned.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        criterion(learned(images), labels).backward()
        optimizer.step()
    return {
        "first_loss": loss.item() / math.log(outputs.shape[1]),
        "gradients": [0.0 if slope is None else slope.norm().item() for slope in slopes],
        "dead": torch.cat(silent).double().mean().item(),
        "leak": leak,
        "by_heart": criterion(learned(images), labels).item(),
        "blank": criterion(learned(torch.ones_like(images)), labels).item(),
    }

# %% mistake="vital_signs" slip=true
"""Each norm is squared: the root is missing."""


def vital_signs(model: nn.Module, batch: tuple[Tensor, Tensor], criterion: nn.Module) -> dict[str, Any]:
    """Examine a network on one batch, without changing it.

    batch: images (n, ...) of any shape behind the first axis, and labels (n,) int64;
    criterion(outputs, labels): a scalar tensor; outputs: (n, classes).
    Returns a dictionary of
    "first_loss": the loss of the batch divided by ln(classes), a float;
    "gradients": one float for each parameter, in their order: the norm of the loss's gradient, 0.0 if none arrives;
    "dead": of all units of all `nn.ReLU` parts, the share that gives 0 for every image;
    "leak": the largest absolute derivative of the summed outputs of one image with respect to a pixel of another,
    0.0 if no way leads from the pixels to the outputs;
    "by_heart": the loss of a copy after 40 steps of Adam with lr=0.02, each on the whole batch;
    "blank": the loss that this copy then has when all pixels are 0.
    """
    images, labels = batch
    silent = []
    hooks = [
        part.register_forward_hook(
            lambda part, inputs, output: silent.append((output == 0).all(dim=0).flatten())
        )
        for part in model.modules()
        if isinstance(part, nn.ReLU)
    ]
    pixels = images.clone().requires_grad_()
    outputs = model(pixels)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
    leak = 0.0
    for number, one in enumerate(outputs):
        (slope,) = torch.autograd.grad(one.sum(), pixels, retain_graph=True, allow_unused=True)
        if slope is not None:
            slope[number] = 0
            leak = max(leak, slope.abs().max().item())
    learned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(learned.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        criterion(learned(images), labels).backward()
        optimizer.step()
    return {
        "first_loss": loss.item() / math.log(outputs.shape[1]),
        "gradients": [0.0 if slope is None else (slope**2).sum().item() for slope in slopes],
        "dead": torch.cat(silent).double().mean().item(),
        "leak": leak,
        "by_heart": criterion(learned(images), labels).item(),
        "blank": criterion(learned(torch.zeros_like(images)), labels).item(),
    }

# %% mistake="vital_signs"
"""The copy did not take 40 steps."""


def vital_signs(model: nn.Module, batch: tuple[Tensor, Tensor], criterion: nn.Module) -> dict[str, Any]:
    """Examine a network on one batch, without changing it.

    batch: images (n, ...) of any shape behind the first axis, and labels (n,) int64;
    criterion(outputs, labels): a scalar tensor; outputs: (n, classes).
    Returns a dictionary of
    "first_loss": the loss of the batch divided by ln(classes), a float;
    "gradients": one float for each parameter, in their order: the norm of the loss's gradient, 0.0 if none arrives;
    "dead": of all units of all `nn.ReLU` parts, the share that gives 0 for every image;
    "leak": the largest absolute derivative of the summed outputs of one image with respect to a pixel of another,
    0.0 if no way leads from the pixels to the outputs;
    "by_heart": the loss of a copy after 40 steps of Adam with lr=0.02, each on the whole batch;
    "blank": the loss that this copy then has when all pixels are 0.
    """
    images, labels = batch
    silent = []
    hooks = [
        part.register_forward_hook(
            lambda part, inputs, output: silent.append((output == 0).all(dim=0).flatten())
        )
        for part in model.modules()
        if isinstance(part, nn.ReLU)
    ]
    pixels = images.clone().requires_grad_()
    outputs = model(pixels)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
    leak = 0.0
    for number, one in enumerate(outputs):
        (slope,) = torch.autograd.grad(one.sum(), pixels, retain_graph=True, allow_unused=True)
        if slope is not None:
            slope[number] = 0
            leak = max(leak, slope.abs().max().item())
    learned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(learned.parameters(), lr=0.02)
    for _ in range(30):
        optimizer.zero_grad()
        criterion(learned(images), labels).backward()
        optimizer.step()
    return {
        "first_loss": loss.item() / math.log(outputs.shape[1]),
        "gradients": [0.0 if slope is None else slope.norm().item() for slope in slopes],
        "dead": torch.cat(silent).double().mean().item(),
        "leak": leak,
        "by_heart": criterion(learned(images), labels).item(),
        "blank": criterion(learned(torch.zeros_like(images)), labels).item(),
    }


# %% mistake="vital_signs" slip=true
"""You counted a unit as dead if it gives 0 for *some* image. Silent means: for every image of the batch."""


def vital_signs(model, batch, criterion):
    images, labels = batch
    seen = []
    hooks = []
    for part in model.modules():
        if isinstance(part, nn.ReLU):
            hooks.append(part.register_forward_hook(lambda part, inputs, output: seen.append((output == 0).any(dim=0).flatten())))
    outputs = model(images)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)
    gradients = [0.0 if s is None else s.norm().item() for s in slopes]
    dead = torch.cat(seen).float().mean().item() if seen else 0.0
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


# %% mistake="vital_signs" slip=true
"""The numbers are right, but your hooks are still on the patient and will be called in every later run. Take each
off again."""


def vital_signs(model, batch, criterion):
    images, labels = batch
    seen = []
    hooks = []
    for part in model.modules():
        if isinstance(part, nn.ReLU):
            hooks.append(part.register_forward_hook(lambda part, inputs, output: seen.append((output == 0).all(dim=0).flatten())))
    outputs = model(images)
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)
    gradients = [0.0 if s is None else s.norm().item() for s in slopes]
    dead = torch.cat(seen).float().mean().item() if seen else 0.0
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


# %% mistake="vital_signs"
"""Your leak is a sum of derivatives. Asked for is the largest: a sum grows with the number of pixels and images."""


def vital_signs(model, batch, criterion):
    images, labels = batch
    seen = []
    hooks = []
    for part in model.modules():
        if isinstance(part, nn.ReLU):
            hooks.append(part.register_forward_hook(lambda part, inputs, output: seen.append((output == 0).all(dim=0).flatten())))
    outputs = model(images)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)
    gradients = [0.0 if s is None else s.norm().item() for s in slopes]
    dead = torch.cat(seen).float().mean().item() if seen else 0.0
    pixels = images.clone().requires_grad_()
    out = model(pixels)
    leak = 0.0
    for i in range(len(out)):
        (g,) = torch.autograd.grad(out[i].sum(), pixels, retain_graph=True, allow_unused=True)
        if g is None:
            continue
        g = g.flatten(1).abs().sum(dim=1)
        g[i] = 0
        leak = max(leak, g.sum().item())
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


# %% mistake="vital_signs" slip=true
"""You counted *zeros*, for each unit and image. A unit is silent only if it gives 0 for every image of the
batch."""


def vital_signs(model, batch, criterion):
    images, labels = batch
    seen = []
    hooks = []
    for part in model.modules():
        if isinstance(part, nn.ReLU):
            hooks.append(part.register_forward_hook(lambda part, inputs, output: seen.append((output == 0).flatten())))
    outputs = model(images)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)
    gradients = [0.0 if s is None else s.norm().item() for s in slopes]
    dead = torch.cat(seen).float().mean().item() if seen else 0.0
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


# %% mistake="vital_signs"
"""The loss on blank images is that of the network before training. Ask the copy that knows the batch by heart."""


def vital_signs(model, batch, criterion):
    images, labels = batch
    seen = []
    hooks = []
    for part in model.modules():
        if isinstance(part, nn.ReLU):
            hooks.append(part.register_forward_hook(lambda part, inputs, output: seen.append((output == 0).all(dim=0).flatten())))
    outputs = model(images)
    for hook in hooks:
        hook.remove()
    loss = criterion(outputs, labels)
    slopes = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)
    gradients = [0.0 if s is None else s.norm().item() for s in slopes]
    dead = torch.cat(seen).float().mean().item() if seen else 0.0
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
    blank = criterion(model(torch.zeros_like(images)), labels).item()
    return {
        "first_loss": loss.item() / math.log(outputs.shape[1]),
        "gradients": gradients,
        "dead": dead,
        "leak": leak,
        "by_heart": by_heart,
        "blank": blank,
    }


# %% [markdown]
# ## name_the_fault

# %% right="name_the_fault"
"""a list of questions, the first yes counts"""


def name_the_fault(signs):
    s = signs
    questions = [
        ("images not scaled", s["spread"] > 5),
        ("no softmax at all", abs(s["first_loss"]) < 0.5),
        ("weights too large", s["first_loss"] > 2.5),
        ("dropout always on", s["repeat"] != 0),
        ("images mixed", s["leak"] != 0 and s["first_loss"] < 1.2),
        ("softmax over the batch", s["leak"] != 0),
        ("dead units", s["dead"] >= 0.5),
        ("image ignored", abs(s["blank"] - s["by_heart"]) < 1e-9),
        ("tape cut", max(s["gradients"][:2]) == 0.0),
        ("softmax twice", s["by_heart"] > 0.4),
        ("nothing moves", s["own"] == 1.0),
        ("learning rate too small", 0.9 < s["own"] < 1.1),
        ("learning rate too large", math.isnan(s["own"]) or s["own"] > 1),
        ("nothing", True),
    ]
    return next(name for name, yes in questions if yes)


# %% right="name_the_fault"
"""two doctors: one for those who move, one for those who do not"""


def name_the_fault(signs):
    own, first, heart = signs["own"], signs["first_loss"], signs["by_heart"]
    if signs["spread"] > 10:
        fault = "images not scaled"
    elif signs["leak"]:
        fault = ["images mixed", "softmax over the batch"][first > 1.2]
    elif signs["repeat"]:
        fault = "dropout always on"
    elif not 0.7 < first < 1.6:
        fault = "weights too large" if first > 1 else "no softmax at all"
    elif heart == signs["blank"]:
        fault = "dead units" if signs["dead"] > 0.45 else "image ignored"
    elif signs["gradients"][0] == 0:
        fault = "tape cut"
    elif heart > 0.5:
        fault = "softmax twice"
    elif own < 0.6:
        fault = "nothing"
    elif own == 1:
        fault = "nothing moves"
    else:
        fault = "learning rate too small" if own <= 1.01 else "learning rate too large"
    return fault


# %% right="name_the_fault"
"""what is normal is crossed out, what is left is looked up"""


def name_the_fault(signs):
    strange = set()
    if signs["spread"] > 10:
        return "images not scaled"
    for sign, low, high in (("first_loss", 0.7, 1.3), ("dead", 0, 0.45), ("leak", 0, 0), ("repeat", 0, 0)):
        if not low <= signs[sign] <= high:
            strange.add(sign)
    if "repeat" in strange:
        return "dropout always on"
    if "leak" in strange:
        return "softmax over the batch" if "first_loss" in strange else "images mixed"
    if "first_loss" in strange:
        return "no softmax at all" if signs["by_heart"] < -1 else "weights too large"
    if "dead" in strange:
        return "dead units"
    if signs["blank"] - signs["by_heart"] < 0.01:
        return "image ignored"
    if not any(signs["gradients"][:1]):
        return "tape cut"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    own = signs["own"]
    return (
        "nothing moves"
        if own == 1
        else "learning rate too large"
        if not own < 1.5
        else "learning rate too small"
        if own > 0.85
        else "nothing"
    )


# %% right="name_the_fault"
"""another limit for the pixels"""


def name_the_fault(signs: dict[str, Any]) -> str:
    if signs["spread"] > 11:
        return "images not scaled"
    if signs["repeat"] > 0:
        return "dropout always on"
    if signs["leak"] > 0:
        return "softmax over the batch" if signs["first_loss"] > 1.2 else "images mixed"
    if signs["first_loss"] > 3:
        return "weights too large"
    if signs["by_heart"] < -0.5:
        return "no softmax at all"
    if signs["dead"] > 0.5:
        return "dead units"
    if math.isclose(signs["blank"], signs["by_heart"]):
        return "image ignored"
    if signs["gradients"][0] == 0:
        return "tape cut"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    if signs["own"] == 1:
        return "nothing moves"
    if not signs["own"] < 2:
        return "learning rate too large"
    if signs["own"] > 0.8:
        return "learning rate too small"
    return "nothing"


# %% right="name_the_fault"
"""another limit for the first loss"""


def name_the_fault(signs: dict[str, Any]) -> str:
    if signs["spread"] > 10:
        return "images not scaled"
    if signs["repeat"] > 0:
        return "dropout always on"
    if signs["leak"] > 0:
        return "softmax over the batch" if signs["first_loss"] > 1.2 else "images mixed"
    if signs["first_loss"] > 4:
        return "weights too large"
    if signs["by_heart"] < -0.5:
        return "no softmax at all"
    if signs["dead"] > 0.5:
        return "dead units"
    if math.isclose(signs["blank"], signs["by_heart"]):
        return "image ignored"
    if signs["gradients"][0] == 0:
        return "tape cut"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    if signs["own"] == 1:
        return "nothing moves"
    if not signs["own"] < 2:
        return "learning rate too large"
    if signs["own"] > 0.8:
        return "learning rate too small"
    return "nothing"


# %% right="name_the_fault"
"""another limit for a loss that escapes"""


def name_the_fault(signs: dict[str, Any]) -> str:
    if signs["spread"] > 10:
        return "images not scaled"
    if signs["repeat"] > 0:
        return "dropout always on"
    if signs["leak"] > 0:
        return "softmax over the batch" if signs["first_loss"] > 1.2 else "images mixed"
    if signs["first_loss"] > 3:
        return "weights too large"
    if signs["by_heart"] < -1.5:
        return "no softmax at all"
    if signs["dead"] > 0.5:
        return "dead units"
    if math.isclose(signs["blank"], signs["by_heart"]):
        return "image ignored"
    if signs["gradients"][0] == 0:
        return "tape cut"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    if signs["own"] == 1:
        return "nothing moves"
    if not signs["own"] < 2:
        return "learning rate too large"
    if signs["own"] > 0.8:
        return "learning rate too small"
    return "nothing"


# %% right="name_the_fault"
"""another limit for steps that overshoot"""


def name_the_fault(signs: dict[str, Any]) -> str:
    if signs["spread"] > 10:
        return "images not scaled"
    if signs["repeat"] > 0:
        return "dropout always on"
    if signs["leak"] > 0:
        return "softmax over the batch" if signs["first_loss"] > 1.2 else "images mixed"
    if signs["first_loss"] > 3:
        return "weights too large"
    if signs["by_heart"] < -0.5:
        return "no softmax at all"
    if signs["dead"] > 0.5:
        return "dead units"
    if math.isclose(signs["blank"], signs["by_heart"]):
        return "image ignored"
    if signs["gradients"][0] == 0:
        return "tape cut"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    if signs["own"] == 1:
        return "nothing moves"
    if not signs["own"] < 3:
        return "learning rate too large"
    if signs["own"] > 0.8:
        return "learning rate too small"
    return "nothing"


# %% right="name_the_fault"
"""the first layer's biases are asked for their gradient"""


def name_the_fault(signs: dict[str, Any]) -> str:
    if signs["spread"] > 10:
        return "images not scaled"
    if signs["repeat"] > 0:
        return "dropout always on"
    if signs["leak"] > 0:
        return "softmax over the batch" if signs["first_loss"] > 1.2 else "images mixed"
    if signs["first_loss"] > 3:
        return "weights too large"
    if signs["by_heart"] < -0.5:
        return "no softmax at all"
    if signs["dead"] > 0.5:
        return "dead units"
    if math.isclose(signs["blank"], signs["by_heart"]):
        return "image ignored"
    if signs["gradients"][1] == 0:
        return "tape cut"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    if signs["own"] == 1:
        return "nothing moves"
    if not signs["own"] < 2:
        return "learning rate too large"
    if signs["own"] > 0.8:
        return "learning rate too small"
    return "nothing"


# %% mistake="name_the_fault"
"""To you everybody is healthy. Each patient who is not has at least one number far outside its range: which?"""


def name_the_fault(signs):
    return "nothing"


# %% mistake="name_the_fault"
"""You send nobody home: a patient with all numbers in their ranges gets a fault all the same. What is left when every
question is answered with no?"""


def name_the_fault(signs: dict[str, Any]) -> str:
    if signs["spread"] > 10:
        return "images not scaled"
    if signs["repeat"] > 0:
        return "dropout always on"
    if signs["leak"] > 0:
        return "softmax over the batch" if signs["first_loss"] > 1.2 else "images mixed"
    if signs["first_loss"] > 3:
        return "weights too large"
    if signs["by_heart"] < -0.5:
        return "no softmax at all"
    if signs["dead"] > 0.5:
        return "dead units"
    if math.isclose(signs["blank"], signs["by_heart"]):
        return "image ignored"
    if signs["gradients"][0] == 0:
        return "tape cut"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    if signs["own"] == 1:
        return "nothing moves"
    if not signs["own"] < 2:
        return "learning rate too large"
    if signs["own"] > 0.8:
        return "learning rate too small"
    return "learning rate too small"


# %% mistake="name_the_fault"
"""You blame the softmax for everything that cannot be learned by heart. A patient whose units are silent, or who never
sees the image, cannot do it either: ask for those signs first."""


def name_the_fault(signs: dict[str, Any]) -> str:
    if signs["spread"] > 10:
        return "images not scaled"
    if signs["repeat"] > 0:
        return "dropout always on"
    if signs["leak"] > 0:
        return "softmax over the batch" if signs["first_loss"] > 1.2 else "images mixed"
    if signs["first_loss"] > 3:
        return "weights too large"
    if signs["by_heart"] < -0.5:
        return "no softmax at all"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    if signs["dead"] > 0.5:
        return "dead units"
    if math.isclose(signs["blank"], signs["by_heart"]):
        return "image ignored"
    if signs["gradients"][0] == 0:
        return "tape cut"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    if signs["own"] == 1:
        return "nothing moves"
    if not signs["own"] < 2:
        return "learning rate too large"
    if signs["own"] > 0.8:
        return "learning rate too small"
    return "nothing"


# %% mistake="name_the_fault"
"""A first loss that is far too high has two causes. Before you blame the weights, look at the size of the pixels."""


def name_the_fault(signs: dict[str, Any]) -> str:
    if signs["repeat"] > 0:
        return "dropout always on"
    if signs["leak"] > 0:
        return "softmax over the batch" if signs["first_loss"] > 1.2 else "images mixed"
    if signs["first_loss"] > 3:
        return "weights too large"
    if signs["by_heart"] < -0.5:
        return "no softmax at all"
    if signs["dead"] > 0.5:
        return "dead units"
    if math.isclose(signs["blank"], signs["by_heart"]):
        return "image ignored"
    if signs["gradients"][0] == 0:
        return "tape cut"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    if signs["own"] == 1:
        return "nothing moves"
    if not signs["own"] < 2:
        return "learning rate too large"
    if signs["own"] > 0.8:
        return "learning rate too small"
    return "nothing"


# %% mistake="name_the_fault"
"""Each leak is the same to you. A softmax over the batch and rows with mixed pixels both leak; their first losses
differ."""


def name_the_fault(signs: dict[str, Any]) -> str:
    if signs["spread"] > 10:
        return "images not scaled"
    if signs["repeat"] > 0:
        return "dropout always on"
    if signs["leak"] > 0:
        return "images mixed"
    if signs["first_loss"] > 3:
        return "weights too large"
    if signs["by_heart"] < -0.5:
        return "no softmax at all"
    if signs["dead"] > 0.5:
        return "dead units"
    if math.isclose(signs["blank"], signs["by_heart"]):
        return "image ignored"
    if signs["gradients"][0] == 0:
        return "tape cut"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    if signs["own"] == 1:
        return "nothing moves"
    if not signs["own"] < 2:
        return "learning rate too large"
    if signs["own"] > 0.8:
        return "learning rate too small"
    return "nothing"


# %% mistake="name_the_fault"
"""You asked for the cut before the silent units. A silent layer stops the gradient, too: the first layer gets none,
although the tape is whole."""


def name_the_fault(signs: dict[str, Any]) -> str:
    if signs["spread"] > 10:
        return "images not scaled"
    if signs["repeat"] > 0:
        return "dropout always on"
    if signs["leak"] > 0:
        return "softmax over the batch" if signs["first_loss"] > 1.2 else "images mixed"
    if signs["first_loss"] > 3:
        return "weights too large"
    if signs["by_heart"] < -0.5:
        return "no softmax at all"
    if signs["gradients"][0] == 0:
        return "tape cut"
    if signs["dead"] > 0.5:
        return "dead units"
    if math.isclose(signs["blank"], signs["by_heart"]):
        return "image ignored"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    if signs["own"] == 1:
        return "nothing moves"
    if not signs["own"] < 2:
        return "learning rate too large"
    if signs["own"] > 0.8:
        return "learning rate too small"
    return "nothing"


# %% mistake="name_the_fault"
"""Somebody who creeps is not somebody who stands still. When nothing moves, the loss repeats to the last digit: what
is left of it is exactly 1."""


def name_the_fault(signs: dict[str, Any]) -> str:
    if signs["spread"] > 10:
        return "images not scaled"
    if signs["repeat"] > 0:
        return "dropout always on"
    if signs["leak"] > 0:
        return "softmax over the batch" if signs["first_loss"] > 1.2 else "images mixed"
    if signs["first_loss"] > 3:
        return "weights too large"
    if signs["by_heart"] < -0.5:
        return "no softmax at all"
    if signs["dead"] > 0.5:
        return "dead units"
    if math.isclose(signs["blank"], signs["by_heart"]):
        return "image ignored"
    if signs["gradients"][0] == 0:
        return "tape cut"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    if signs["own"] > 0.8 and signs["own"] < 1.5:
        return "nothing moves"
    if not signs["own"] < 2:
        return "learning rate too large"
    if signs["own"] > 0.8:
        return "learning rate too small"
    return "nothing"


# %% mistake="name_the_fault"
"""You do not look at the patient's own steps, so learning rates and loops that stand still pass as healthy. The test
by heart uses a loop of ours, and it cannot see theirs."""


def name_the_fault(signs: dict[str, Any]) -> str:
    if signs["spread"] > 10:
        return "images not scaled"
    if signs["repeat"] > 0:
        return "dropout always on"
    if signs["leak"] > 0:
        return "softmax over the batch" if signs["first_loss"] > 1.2 else "images mixed"
    if signs["first_loss"] > 3:
        return "weights too large"
    if signs["by_heart"] < -0.5:
        return "no softmax at all"
    if signs["dead"] > 0.5:
        return "dead units"
    if math.isclose(signs["blank"], signs["by_heart"]):
        return "image ignored"
    if signs["gradients"][0] == 0:
        return "tape cut"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    return "nothing"


# %% mistake="name_the_fault"
"""One answer differs between two looks, in evaluation mode, and you do not ask why. `repeat` must be exactly 0."""


def name_the_fault(signs: dict[str, Any]) -> str:
    if signs["spread"] > 10:
        return "images not scaled"
    if signs["leak"] > 0:
        return "softmax over the batch" if signs["first_loss"] > 1.2 else "images mixed"
    if signs["first_loss"] > 3:
        return "weights too large"
    if signs["by_heart"] < -0.5:
        return "no softmax at all"
    if signs["dead"] > 0.5:
        return "dead units"
    if math.isclose(signs["blank"], signs["by_heart"]):
        return "image ignored"
    if signs["gradients"][0] == 0:
        return "tape cut"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    if signs["own"] == 1:
        return "nothing moves"
    if not signs["own"] < 2:
        return "learning rate too large"
    if signs["own"] > 0.8:
        return "learning rate too small"
    return "nothing"


# %% mistake="name_the_fault"
"""A loss below 0 has escaped you. Cross-entropy cannot be negative, so whatever gives it is not cross-entropy."""


def name_the_fault(signs: dict[str, Any]) -> str:
    if signs["spread"] > 10:
        return "images not scaled"
    if signs["repeat"] > 0:
        return "dropout always on"
    if signs["leak"] > 0:
        return "softmax over the batch" if signs["first_loss"] > 1.2 else "images mixed"
    if signs["first_loss"] > 3:
        return "weights too large"
    if signs["dead"] > 0.5:
        return "dead units"
    if math.isclose(signs["blank"], signs["by_heart"]):
        return "image ignored"
    if signs["gradients"][0] == 0:
        return "tape cut"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    if signs["own"] == 1:
        return "nothing moves"
    if not signs["own"] < 2:
        return "learning rate too large"
    if signs["own"] > 0.8:
        return "learning rate too small"
    return "nothing"


# %% mistake="name_the_fault"
"""A dead layer and an ignored image look alike on blank images. One of them has hardly any unit that still speaks."""


def name_the_fault(signs: dict[str, Any]) -> str:
    if signs["spread"] > 10:
        return "images not scaled"
    if signs["repeat"] > 0:
        return "dropout always on"
    if signs["leak"] > 0:
        return "softmax over the batch" if signs["first_loss"] > 1.2 else "images mixed"
    if signs["first_loss"] > 3:
        return "weights too large"
    if signs["by_heart"] < -0.5:
        return "no softmax at all"
    if math.isclose(signs["blank"], signs["by_heart"]):
        return "image ignored"
    if signs["gradients"][0] == 0:
        return "tape cut"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    if signs["own"] == 1:
        return "nothing moves"
    if not signs["own"] < 2:
        return "learning rate too large"
    if signs["own"] > 0.8:
        return "learning rate too small"
    return "nothing"


# %% mistake="name_the_fault"
"""These are the numbers of the patients in the lesson, and of nobody else. The check has patients of its own: learn
the ranges, not the numbers."""


KNOWN = {round(signs["by_heart"], 9): name for name, signs in ward().items()}


def name_the_fault(signs):
    return KNOWN.get(round(signs["by_heart"], 9), "learning rate too large")


# %% mistake="name_the_fault" slip=true
"""NaN slipped through: it is neither above nor below anything. Ask so that a number which is none says yes."""


def name_the_fault(signs: dict[str, Any]) -> str:
    """Return the name of a patient's fault, one of FAULTS, from its chart.

    signs: "spread", "first_loss", "dead", "leak", "repeat", "by_heart", "blank", "own": floats, "own" may be NaN or
    infinite; "gradients": a list of floats, one for each parameter from first to last. What each means: see above.
    """
    if signs["spread"] > 10:
        return "images not scaled"
    if signs["repeat"] > 0:
        return "dropout always on"
    if signs["leak"] > 0:
        return "softmax over the batch" if signs["first_loss"] > 1.2 else "images mixed"
    if signs["first_loss"] > 3:
        return "weights too large"
    if signs["by_heart"] < -0.5:
        return "no softmax at all"
    if signs["dead"] > 0.5:
        return "dead units"
    if math.isclose(signs["blank"], signs["by_heart"]):
        return "image ignored"
    if signs["gradients"][0] == 0:
        return "tape cut"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    if signs["own"] == 1:
        return "nothing moves"
    if signs["own"] > 2:
        return "learning rate too large"
    if signs["own"] > 0.8:
        return "learning rate too small"
    return "nothing"

# %% mistake="name_the_fault"
"""Two faults leak, and you confuse them. A softmax over the batch makes the first loss too high."""


def name_the_fault(signs: dict[str, Any]) -> str:
    """Return the name of a patient's fault, one of FAULTS, from its chart.

    signs: "spread", "first_loss", "dead", "leak", "repeat", "by_heart", "blank", "own": floats, "own" may be NaN or
    infinite; "gradients": a list of floats, one for each parameter from first to last. What each means: see above.
    """
    if signs["spread"] > 10:
        return "images not scaled"
    if signs["repeat"] > 0:
        return "dropout always on"
    if signs["leak"] > 0:
        return "images mixed" if signs["first_loss"] > 1.2 else "softmax over the batch"
    if signs["first_loss"] > 3:
        return "weights too large"
    if signs["by_heart"] < -0.5:
        return "no softmax at all"
    if signs["dead"] > 0.5:
        return "dead units"
    if math.isclose(signs["blank"], signs["by_heart"]):
        return "image ignored"
    if signs["gradients"][0] == 0:
        return "tape cut"
    if signs["by_heart"] > 0.3:
        return "softmax twice"
    if signs["own"] == 1:
        return "nothing moves"
    if not signs["own"] < 2:
        return "learning rate too large"
    if signs["own"] > 0.8:
        return "learning rate too small"
    return "nothing"

# %% [markdown]
# ## repair_loop

# %% right="repair_loop"
"""zero_grad last, the history as means of a tensor"""


def repair_loop(model, loader, epochs, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    history = []
    for _ in range(epochs):
        model.train()
        losses, sizes = [], []
        for x, y in loader:
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
            sizes.append(len(x))
        losses, sizes = torch.tensor(losses, dtype=torch.float64), torch.tensor(sizes)
        history.append(((losses * sizes).sum() / sizes.sum()).item())
    return history


# %% right="repair_loop"
"""the model's own zero_grad, a sum over the batch"""


def repair_loop(model, loader, epochs, lr):
    model.train(True)
    sgd = torch.optim.SGD(list(model.parameters()), momentum=0.9, lr=lr)
    means = []
    while len(means) < epochs:
        seen = summed = 0
        for batch in loader:
            model.zero_grad()
            scores = model(batch[0])
            total = nn.functional.cross_entropy(scores, batch[1], reduction="sum")
            (total / len(scores)).backward()
            sgd.step()
            summed, seen = summed + float(total.detach()), seen + scores.shape[0]
        means.append(summed / seen)
    return means


# %% right="repair_loop"
"""momentum by hand, without an optimiser"""


def repair_loop(model, loader, epochs, lr):
    model.train()
    parameters = list(model.parameters())
    velocities = [torch.zeros_like(parameter) for parameter in parameters]
    history = []
    for _ in range(epochs):
        total, count = 0.0, 0
        for x, y in loader:
            loss = nn.CrossEntropyLoss()(model(x), y)
            slopes = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                for parameter, velocity, slope in zip(parameters, velocities, slopes):
                    velocity.mul_(0.9).add_(slope)
                    parameter -= lr * velocity
            total, count = total + loss.item() * len(y), count + len(y)
        history.append(total / count)
    return history


# %% mistake="repair_loop"
"""Nothing moves: between `backward` and `step` the gradients are thrown away, just after they were measured. Mend that
first, then look whether a second fault stands behind it."""


def repair_loop(model, loader, epochs, lr):
    criterion = nn.CrossEntropyLoss()
    model.train()
    history = []
    for _ in range(epochs):
        optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        total, count = 0.0, 0
        for x, y in loader:
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.zero_grad()
            optimizer.step()
            total += loss.item() * len(y)
            count += len(y)
        history.append(total / count)
    return history


# %% mistake="repair_loop"
"""It moves now, and the second fault shows: at the start of each epoch a new optimiser begins without the momentum of
the old one. Within one epoch nobody notices."""


def repair_loop(model: nn.Module, loader: torch.utils.data.DataLoader, epochs: int, lr: float) -> list[float]:
    criterion = nn.CrossEntropyLoss()
    model.train()
    history = []
    for _ in range(epochs):
        optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        total, count = 0.0, 0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            count += len(y)
        history.append(total / count)
    return history


# %% mistake="repair_loop"
"""Nothing clears the gradients any more: each step uses the sum of all so far. Moving a line is not the same as
leaving it out."""


def repair_loop(model: nn.Module, loader: torch.utils.data.DataLoader, epochs: int, lr: float) -> list[float]:
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    model.train()
    history = []
    for _ in range(epochs):
        total, count = 0.0, 0
        for x, y in loader:
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            count += len(y)
        history.append(total / count)
    return history


# %% mistake="repair_loop"
"""Gradients are cleared once per epoch. Inside the epoch they pile up from batch to batch."""


def repair_loop(model: nn.Module, loader: torch.utils.data.DataLoader, epochs: int, lr: float) -> list[float]:
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    model.train()
    history = []
    for _ in range(epochs):
        total, count = 0.0, 0
        optimizer.zero_grad()
        for x, y in loader:
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            count += len(y)
        history.append(total / count)
    return history


# %% mistake="repair_loop"
"""The momentum is gone. It was meant to be there; what was wrong was that it was forgotten again and again."""


def repair_loop(model: nn.Module, loader: torch.utils.data.DataLoader, epochs: int, lr: float) -> list[float]:
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    model.train()
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
    return history


# %% mistake="repair_loop" slip=true
"""You repaired something that was whole: the loss of the epoch was a mean over the images, and now it is a mean of the
batches' means. The last batch is smaller and counts too much."""


def repair_loop(model: nn.Module, loader: torch.utils.data.DataLoader, epochs: int, lr: float) -> list[float]:
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    model.train()
    history = []
    for _ in range(epochs):
        total, count = 0.0, 0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
            count += 1
        history.append(total / count)
    return history


# %% mistake="repair_loop"
"""Training mode is gone, so a model that comes in evaluation mode is trained in it."""


def repair_loop(model: nn.Module, loader: torch.utils.data.DataLoader, epochs: int, lr: float) -> list[float]:
    criterion = nn.CrossEntropyLoss()
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
    return history


# %% mistake="repair_loop"
"""You replaced the optimiser by Adam. Perhaps it learns faster, but it was not what was wrong: repair the fault and
leave the rest."""


def repair_loop(model: nn.Module, loader: torch.utils.data.DataLoader, epochs: int, lr: float) -> list[float]:
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    model.train()
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
    return history


# %% mistake="repair_loop" slip=true
"""You repaired something that was whole: the history now holds the loss of the last batch, not the mean over
the images."""


def repair_loop(model, loader, epochs, lr):
    opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    history = []
    for _ in range(epochs):
        model.train()
        for x, y in loader:
            opt.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            opt.step()
        history.append(loss.item())
    return history


# %% mistake="repair_loop"
"""The loop trains in evaluation mode now: batch normalisation uses its old averages, and dropout would rest. The
line that set the training mode was no fault."""


def repair_loop(model, loader, epochs, lr):
    criterion = nn.CrossEntropyLoss()
    model.eval()
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
    return history


# %% mistake="repair_loop" slip=true
"""Only one loss came back. The program returned one for each epoch, in a list, and that was no fault."""


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


# %% [markdown]
# ## repair_validation

# %% right="repair_validation"
"""as it came, the decorator included"""


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
"""a copy is examined, so there is nothing to put back"""


def repair_validation(model, loader, criterion):
    guest = copy.deepcopy(model).eval()
    losses, hits = [], []
    with torch.inference_mode():
        for x, y in loader:
            scores = guest(x)
            losses += [criterion(scores, y).item()] * len(y)
            hits += (scores.argmax(1) == y).tolist()
    return sum(losses) / len(losses), sum(hits) / len(hits)


# %% right="repair_validation"
"""restored whatever happens, everything joined first"""


def repair_validation(model, loader, criterion):
    modes = {part: part.training for part in model.modules()}
    before = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    try:
        model.train(False)
        outputs, targets = zip(*[(model(x), y) for x, y in loader])
        sums = sum(float(criterion(o, t)) * t.numel() for o, t in zip(outputs, targets))
        outputs, targets = torch.cat(outputs), torch.cat(targets)
        return sums / len(targets), float((outputs.max(1).indices == targets).double().mean())
    finally:
        torch.set_grad_enabled(before)
        for part, mode in modes.items():
            part.training = mode


# %% mistake="repair_validation"
"""A softmax in front of a criterion that has one inside. The program needed none: the largest score is the largest
probability, and the loss takes scores."""


def repair_validation(
    model: nn.Module, loader: torch.utils.data.DataLoader, criterion: nn.Module
) -> tuple[float, float]:
    with torch.no_grad():
        modes = {part: part.training for part in model.modules()}
        model.eval()
        total, right, count = 0.0, 0, 0
        for x, y in loader:
            scores = model(x)
            total += criterion(torch.softmax(scores, dim=1), y).item() * len(y)
            right += (scores.argmax(dim=1) == y).sum().item()
            count += len(y)
        for part, mode in modes.items():
            part.training = mode
    return total / count, right / count


# %% mistake="repair_validation"
"""One blanket `train()` at the end wakes up the parts that were put to rest on purpose. The old modes were noted part
by part for that reason."""


def repair_validation(
    model: nn.Module, loader: torch.utils.data.DataLoader, criterion: nn.Module
) -> tuple[float, float]:
    with torch.no_grad():
        modes = {part: part.training for part in model.modules()}
        model.eval()
        total, right, count = 0.0, 0, 0
        for x, y in loader:
            scores = model(x)
            total += criterion(scores, y).item() * len(y)
            right += (scores.argmax(dim=1) == y).sum().item()
            count += len(y)
        model.train()
    return total / count, right / count


# %% mistake="repair_validation"
"""Each part is left in evaluation mode: training goes on without dropout, and nobody sees why. The lines that look
superfluous put the modes back."""


def repair_validation(
    model: nn.Module, loader: torch.utils.data.DataLoader, criterion: nn.Module
) -> tuple[float, float]:
    with torch.no_grad():
        modes = {part: part.training for part in model.modules()}
        model.eval()
        total, right, count = 0.0, 0, 0
        for x, y in loader:
            scores = model(x)
            total += criterion(scores, y).item() * len(y)
            right += (scores.argmax(dim=1) == y).sum().item()
            count += len(y)
    return total / count, right / count


# %% mistake="repair_validation"
"""A batch's loss counts once, whatever its size. The factor that looks superfluous makes it a mean over images: the
last batch is smaller."""


def repair_validation(
    model: nn.Module, loader: torch.utils.data.DataLoader, criterion: nn.Module
) -> tuple[float, float]:
    with torch.no_grad():
        modes = {part: part.training for part in model.modules()}
        model.eval()
        total, right, count = 0.0, 0, 0
        for x, y in loader:
            scores = model(x)
            total += criterion(scores, y).item()
            right += (scores.argmax(dim=1) == y).sum().item()
            count += len(y)
        for part, mode in modes.items():
            part.training = mode
    return total / len(loader), right / count


# %% mistake="repair_validation"
"""You measured in training mode: batch normalisation uses the batch's own mean, and moves its running mean on top.
`no_grad` does not prevent that."""


def repair_validation(
    model: nn.Module, loader: torch.utils.data.DataLoader, criterion: nn.Module
) -> tuple[float, float]:
    with torch.no_grad():
        modes = {part: part.training for part in model.modules()}
        model.train()
        total, right, count = 0.0, 0, 0
        for x, y in loader:
            scores = model(x)
            total += criterion(scores, y).item() * len(y)
            right += (scores.argmax(dim=1) == y).sum().item()
            count += len(y)
        for part, mode in modes.items():
            part.training = mode
    return total / count, right / count


# %% mistake="repair_validation"
"""The accuracy is the mean of the batches' accuracies. The last batch is smaller and counts too much: count what is
right over all images."""


def repair_validation(
    model: nn.Module, loader: torch.utils.data.DataLoader, criterion: nn.Module
) -> tuple[float, float]:
    with torch.no_grad():
        modes = {part: part.training for part in model.modules()}
        model.eval()
        total, right, count = 0.0, 0, 0
        for x, y in loader:
            scores = model(x)
            total += criterion(scores, y).item() * len(y)
            right += (scores.argmax(dim=1) == y).float().mean().item()
            count += len(y)
        for part, mode in modes.items():
            part.training = mode
    return total / count, right / len(loader)


# %% mistake="repair_validation"
"""Everything is recorded for a backward pass that never comes. `eval()` sets the mode, it does not stop autograd."""


def repair_validation(
    model: nn.Module, loader: torch.utils.data.DataLoader, criterion: nn.Module
) -> tuple[float, float]:
    with torch.enable_grad():
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


# %% mistake="repair_validation"
"""The accuracy is a percentage. The program gave a share between 0 and 1, as it is meant to."""


def repair_validation(
    model: nn.Module, loader: torch.utils.data.DataLoader, criterion: nn.Module
) -> tuple[float, float]:
    with torch.no_grad():
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
    return total / count, 100 * right / count


# %% mistake="repair_validation"
"""You repaired something that was whole: loss and accuracy are means of the batches' means now. The last batch
is smaller and counts too much."""


def repair_validation(model, loader, criterion):
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    t = h = n = 0
    with torch.no_grad():
        for x, y in loader:
            out = model(x)
            t += criterion(out, y).item()
            h += (out.argmax(1) == y).float().mean().item()
            n += 1
    for m, f in modes:
        m.training = f
    return t / n, h / n


# %% mistake="repair_validation"
"""The two results are exchanged: first the loss, then the accuracy."""


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


# %% mistake="repair_validation"
"""You took away the call that sets the evaluation mode: parts that were in training measured in it, and batch
normalisation moved its running mean. That line was no fault."""


@torch.no_grad()
def repair_validation(model, loader, criterion):
    modes = {part: part.training for part in model.modules()}
    total, right, count = 0.0, 0, 0
    for x, y in loader:
        scores = model(x)
        total += criterion(scores, y).item() * len(y)
        right += (scores.argmax(dim=1) == y).sum().item()
        count += len(y)
    for part, mode in modes.items():
        part.training = mode
    return total / count, right / count


# %% mistake="repair_validation"
"""The accuracy is the number of right images divided by the number of *batches*. That line was no fault: it counts
images."""


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
    return total / count, right / len(loader)


# %% [markdown]
# ## repair_model

# %% right="repair_model"
"""a Sequential"""


def repair_model(n_in, wide, narrow, n_out):
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(n_in, wide),
        nn.ReLU(),
        nn.Linear(wide, narrow),
        nn.ReLU(),
        nn.Linear(narrow, n_out),
    )


# %% right="repair_model"
"""layers as attributes of their own"""


class Repaired(nn.Module):
    def __init__(self, *sizes):
        super().__init__()
        self.a, self.b, self.c = (nn.Linear(i, o) for i, o in zip(sizes[:-1], sizes[1:]))

    def forward(self, x):
        x = x.reshape(len(x), -1)
        return self.c(self.b(self.a(x).clamp(min=0)).relu())


def repair_model(n_in, wide, narrow, n_out):
    return Repaired(n_in, wide, narrow, n_out)


# %% right="repair_model"
"""the plain list stays, and its layers are registered one by one"""


class Registered(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = [nn.Linear(*pair) for pair in zip(sizes, sizes[1:])]
        for number, layer in enumerate(self.layers):
            self.add_module(f"layer{number}", layer)

    def forward(self, x):
        *hidden, last = self.layers
        x = x.flatten(start_dim=1)
        for layer in hidden:
            x = nn.functional.relu(layer(x))
        return last(x)


def repair_model(n_in, wide, narrow, n_out):
    return Registered((n_in, wide, narrow, n_out))


# %% mistake="repair_model"
"""This is the model as it came. Its curve falls because the last layer learns. The hidden layers stand in a plain
list, so `parameters()` does not find them and no optimiser ever moves them."""


class TheirModel(nn.Module):
    def __init__(self, n_in, wide, narrow, n_out):
        super().__init__()
        self.hidden = [nn.Linear(n_in, wide), nn.Linear(wide, narrow)]
        self.last = nn.Linear(narrow, n_out)

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return self.last(x)


def repair_model(n_in, wide, narrow, n_out):
    return TheirModel(n_in, wide, narrow, n_out)


# %% mistake="repair_model"
"""The softmax at the end is one too many: cross-entropy has its own, and the model is meant to give scores."""


def repair_model(n_in: int, wide: int, narrow: int, n_out: int) -> nn.Module:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = nn.ModuleList([nn.Linear(n_in, wide), nn.Linear(wide, narrow)])
            self.last = nn.Linear(narrow, n_out)

        def forward(self, x: Tensor) -> Tensor:
            x = x.flatten(1)
            for layer in self.hidden:
                x = torch.relu(layer(x))
            return torch.softmax(self.last(x), dim=1)

    return Model()


# %% mistake="repair_model"
"""A ReLU behind the last layer: a score can no longer be negative. Only the hidden layers have one."""


def repair_model(n_in: int, wide: int, narrow: int, n_out: int) -> nn.Module:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = nn.ModuleList([nn.Linear(n_in, wide), nn.Linear(wide, narrow)])
            self.last = nn.Linear(narrow, n_out)

        def forward(self, x: Tensor) -> Tensor:
            x = x.flatten(1)
            for layer in self.hidden:
                x = torch.relu(layer(x))
            return torch.relu(self.last(x))

    return Model()


# %% mistake="repair_model"
"""Between the hidden layers there is no ReLU any more. Without it the layers are one linear function, however many
there are."""


def repair_model(n_in: int, wide: int, narrow: int, n_out: int) -> nn.Module:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = nn.ModuleList([nn.Linear(n_in, wide), nn.Linear(wide, narrow)])
            self.last = nn.Linear(narrow, n_out)

        def forward(self, x: Tensor) -> Tensor:
            x = x.flatten(1)
            for layer in self.hidden:
                x = layer(x)
            return self.last(x)

    return Model()


# %% mistake="repair_model" slip=true
"""All parameters begin with the same number. Then the units of a layer stay alike forever: PyTorch's own
start was no fault."""


def repair_model(n_in: int, wide: int, narrow: int, n_out: int) -> nn.Module:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = nn.ModuleList([nn.Linear(n_in, wide), nn.Linear(wide, narrow)])
            self.last = nn.Linear(narrow, n_out)

        def forward(self, x: Tensor) -> Tensor:
            x = x.flatten(1)
            for layer in self.hidden:
                x = torch.relu(layer(x))
            return self.last(x)

    model = Model()
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    return model


# %% mistake="repair_model" slip=true
"""The weights begin with a standard deviation of 1: the first scores are huge. How PyTorch starts its layers was no
fault."""


def repair_model(n_in: int, wide: int, narrow: int, n_out: int) -> nn.Module:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = nn.ModuleList([nn.Linear(n_in, wide), nn.Linear(wide, narrow)])
            self.last = nn.Linear(narrow, n_out)

        def forward(self, x: Tensor) -> Tensor:
            x = x.flatten(1)
            for layer in self.hidden:
                x = torch.relu(layer(x))
            return self.last(x)

    model = Model()
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    return model


# %% mistake="repair_model"
"""The order of the layers is right, their sizes are not: `wide` comes first, then `narrow`."""


def repair_model(n_in: int, wide: int, narrow: int, n_out: int) -> nn.Module:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = nn.ModuleList([nn.Linear(n_in, narrow), nn.Linear(narrow, wide)])
            self.last = nn.Linear(wide, n_out)

        def forward(self, x: Tensor) -> Tensor:
            x = x.flatten(1)
            for layer in self.hidden:
                x = torch.relu(layer(x))
            return self.last(x)

    return Model()


# %% mistake="repair_model"
"""Two shapes do not fit. Either the images do not arrive as one row each (not flattened, or together with the batch
axis), or the sizes of neighbouring layers do not agree. In the program as it came both were right."""


def repair_model(n_in: int, wide: int, narrow: int, n_out: int) -> nn.Module:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = nn.ModuleList([nn.Linear(n_in, wide), nn.Linear(wide, narrow)])
            self.last = nn.Linear(narrow, n_out)

        def forward(self, x: Tensor) -> Tensor:
            for layer in self.hidden:
                x = torch.relu(layer(x))
            return self.last(x)

    return Model()


# %% mistake="repair_model"
"""You added dropout. It was not asked for, and a repair changes what is broken and nothing else."""


def repair_model(n_in: int, wide: int, narrow: int, n_out: int) -> nn.Module:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = nn.ModuleList([nn.Linear(n_in, wide), nn.Linear(wide, narrow)])
            self.last = nn.Linear(narrow, n_out)

        def forward(self, x: Tensor) -> Tensor:
            x = x.flatten(1)
            for layer in self.hidden:
                x = nn.functional.dropout(torch.relu(layer(x)), 0.2, self.training)
            return self.last(x)

    return Model()


# %% mistake="repair_model"
"""Behind the second hidden layer no ReLU stands any more. Two layers without one between them are a single
linear one."""


def repair_model(n_in, wide, narrow, n_out):
    return nn.Sequential(
        nn.Flatten(), nn.Linear(n_in, wide), nn.ReLU(), nn.Linear(wide, narrow), nn.Linear(narrow, n_out)
    )


# %% mistake="repair_model"
"""You put `Tanh` in the place of `ReLU`. That was not what was wrong."""


def repair_model(n_in, wide, narrow, n_out):
    return nn.Sequential(nn.Flatten(), nn.Linear(n_in, wide), nn.Tanh(), nn.Linear(wide, narrow), nn.Tanh(), nn.Linear(narrow, n_out))


# %% mistake="repair_model"
"""There is one hidden layer only. The task is two of them, `wide` and then `narrow`."""


def repair_model(n_in, wide, narrow, n_out):
    return nn.Sequential(nn.Flatten(), nn.Linear(n_in, wide), nn.ReLU(), nn.Linear(wide, n_out))


# %% mistake="repair_model"
"""The layers have no biases any more. They had some, and that was no fault."""


def repair_model(n_in, wide, narrow, n_out):
    return nn.Sequential(nn.Flatten(), nn.Linear(n_in, wide, bias=False), nn.ReLU(), nn.Linear(wide, narrow, bias=False), nn.ReLU(), nn.Linear(narrow, n_out, bias=False))


# %% mistake="repair_model"
"""Two shapes do not fit. Either the images do not arrive as one row each (not flattened, or together with the batch
axis), or the sizes of neighbouring layers do not agree. In the program as it came both were right."""


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


# %% [markdown]
# ## solve

# %% right="solve"
"""convolutions, fewer epochs"""


def solve(images, labels):
    train, kept = slice(0, 2500), slice(2500, None)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 7 * 7, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.004)
    epochs = 12
    for epoch in range(epochs):
        for group in optimizer.param_groups:
            group["lr"] = 0.004 * (1 + math.cos(math.pi * epoch / epochs)) / 2
        for x, y in data.batches(
            images[train], labels[train], 64, generator=torch.Generator().manual_seed(epoch)
        ):
            x = x.roll(tuple(torch.randint(-1, 2, (2,)).tolist()), (2, 3))
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
    with torch.no_grad():
        return model, (model(images[kept]).argmax(1) == labels[kept]).float().mean()


# %% right="solve"
"""a module of one's own, with momentum and batch normalisation"""


class Digits(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(200)
        self.first, self.second, self.last = nn.Linear(784, 200), nn.Linear(200, 64), nn.Linear(64, 10)

    def forward(self, x):
        x = torch.relu(self.norm(self.first(x.view(x.shape[0], -1))))
        return self.last(torch.relu(self.second(x)))


def solve(images, labels):
    model, size, epochs = Digits(), 64, 30
    measured, known = images[:600], images[600:]
    sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    steps = epochs * math.ceil(len(known) / size)
    falling = torch.optim.lr_scheduler.LambdaLR(sgd, lambda step: max(1 - step / steps, 0.0))
    for _ in range(epochs):
        for chosen in torch.randperm(len(known)).split(size):
            x = torch.roll(known[chosen], torch.randint(-2, 3, (2,)).tolist(), (2, 3))
            loss = nn.functional.cross_entropy(model(x), labels[600:][chosen])
            sgd.zero_grad()
            loss.backward()
            sgd.step()
            falling.step()
    model.eval()
    with torch.no_grad():
        right = sum(
            (model(x).argmax(1) == y).sum().item()
            for x, y in zip(measured.split(100), labels[:600].split(100))
        )
    return model, right / 600


# %% right="solve"
"""two small networks that vote, each image looked at in its middle"""


class Vote(nn.Module):
    """The mean of what two networks say of the middle of an image."""

    def __init__(self, *voters):
        super().__init__()
        self.voters = nn.ModuleList(voters)

    def forward(self, x):
        x = x[:, :, 2:26, 2:26].flatten(1)
        return torch.stack([voter(x).log_softmax(1) for voter in self.voters]).mean(0)


def solve(images, labels):
    def voter():
        return nn.Sequential(nn.Linear(576, 140), nn.ReLU(), nn.Linear(140, 64), nn.ReLU(), nn.Linear(64, 10))

    model, split, epochs = Vote(voter(), voter()), len(images) - 500, 30
    for net in model.voters:
        adam = torch.optim.Adam(net.parameters(), lr=0.004)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, epochs)
        for _ in range(epochs):
            for chosen in torch.randperm(split).split(64):
                down, right = torch.randint(0, 5, (2,)).tolist()
                x = images[chosen, :, down : down + 24, right : right + 24].flatten(1)
                adam.zero_grad()
                nn.functional.cross_entropy(net(x), labels[chosen]).backward()
                adam.step()
            schedule.step()
    with torch.inference_mode():
        return model, float((model(images[split:]).argmax(1) == labels[split:]).double().mean())


# %% mistake="solve"
"""This is the loop of lesson 7, as it stands there. It learns, and stops long before it could stop: count the updates,
and look at what the later lessons change."""


def solve(images, labels):
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.06)
    for _ in range(5):
        for chosen in torch.randperm(3000).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[chosen]), labels[chosen]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        return model, (model(images[2500:]).argmax(1) == labels[2500:]).float().mean().item()


# %% mistake="solve"
"""The network is untrained: it guesses. Which exercise of lesson 7 trains one?"""


def solve(images, labels):
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    for _ in range(0):
        for chosen in torch.randperm(2500).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[chosen]), labels[chosen]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        return model, (model(images[2500:]).argmax(1) == labels[2500:]).float().mean().item()


# %% mistake="solve" slip=true
"""The expected accuracy was counted on images that the network was trained on. Those it knows. Keep some apart that it
never sees in training."""


def solve(images, labels):
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    for _ in range(12):
        for chosen in torch.randperm(2500).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[chosen]), labels[chosen]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        return model, (model(images[:2500]).argmax(1) == labels[:2500]).float().mean().item()


# %% mistake="solve"
"""The accuracy you expect is a percentage; it is meant to be a share between 0 and 1."""


def solve(images, labels):
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    for _ in range(4):
        for chosen in torch.randperm(2500).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[chosen]), labels[chosen]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        return model, (model(images[2500:]).argmax(1) == labels[2500:]).float().mean().item() * 100


# %% mistake="solve"
"""The images were shuffled and the labels were not: each image gets the label of another one. All the tests on one
batch pass, and nothing can be learned that is true of new images."""


def solve(images, labels):
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    for _ in range(4):
        for chosen in torch.randperm(2500).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(
                model(images[:2500][torch.randperm(2500)][chosen]), labels[chosen]
            ).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        return model, (model(images[2500:]).argmax(1) == labels[2500:]).float().mean().item()


# %% mistake="solve"
"""A softmax in front of a loss that has one: it learns around it, but slowly, and not far."""


def solve(images, labels):
    model = nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 128),
        nn.ReLU(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
        nn.Softmax(1),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    for _ in range(4):
        for chosen in torch.randperm(2500).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[chosen]), labels[chosen]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        return model, (model(images[2500:]).argmax(1) == labels[2500:]).float().mean().item()


# %% mistake="solve"
"""The first layer alone has more weights than are allowed. What helps here is not the number of weights."""


def solve(images, labels):
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 64), nn.ReLU(), nn.Linear(64, 10)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    for _ in range(1):
        for chosen in torch.randperm(2500).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[chosen]), labels[chosen]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        return model, (model(images[2500:]).argmax(1) == labels[2500:]).float().mean().item()


# %% mistake="solve"
"""What came back is not a pair of the network and the accuracy you expect of it, in this order."""


def solve(images, labels):
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    for _ in range(1):
        for chosen in torch.randperm(2500).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[chosen]), labels[chosen]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        return model


# %% mistake="solve"
"""Dropout without `training=` goes on when it predicts: two answers to the same image differ. `nn.Dropout` rests by
itself."""


def solve(images, labels):
    class Always(nn.Module):
        def forward(self, x):
            return nn.functional.dropout(x, 0.2)

    model = nn.Sequential(
        nn.Flatten(),
        Always(),
        nn.Linear(784, 128),
        nn.ReLU(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    for _ in range(1):
        for chosen in torch.randperm(2500).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[chosen]), labels[chosen]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        return model, (model(images[2500:]).argmax(1) == labels[2500:]).float().mean().item()


# %% mistake="solve"
"""Four epochs of Adam on images that never move: it knows its own images and has seen too few others. There is time
for more, and a learning rate that falls towards the end."""


def solve(images, labels):
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    for _ in range(4):
        for chosen in torch.randperm(2500).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[chosen]), labels[chosen]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        return model, (model(images[2500:]).argmax(1) == labels[2500:]).float().mean().item()


# %% [markdown]
# ## exit_alone

# %% right="exit_alone"
"""with a bracket"""

exit_alone = "c)"

# %% right="exit_alone"
"""a capital letter"""

exit_alone = "C"

# %% mistake="exit_alone"
"""The first loss is near ln C in a sound network, and can be near it in an ill one. It is no proof in either
direction; and this fault need not show in it."""

exit_alone = "a"

# %% mistake="exit_alone"
"""A network whose images hang on each other can learn its batch by heart: in that batch it gets along very well."""

exit_alone = "b"

# %% mistake="exit_alone"
"""It does look at the pixels: 97 of 100 are right in batches. What else does it look at?"""

exit_alone = "d"

# %% [markdown]
# ## exit_two_changes

# %% right="exit_two_changes"
"""with a bracket"""

exit_two_changes = "b)"

# %% right="exit_two_changes"
"""a capital letter"""

exit_two_changes = "B"

# %% mistake="exit_two_changes"
"""The loss was better because nothing moved. A repair can make it look worse when another fault was hidden behind the
first."""

exit_two_changes = "a"

# %% mistake="exit_two_changes"
"""NaN comes rarely from too few digits. Mostly it comes from steps that are too large, or from the logarithm of 0.
More digits would only delay it."""

exit_two_changes = "c"

# %% mistake="exit_two_changes"
"""If several things change together, you cannot say which of them helped, or whether two undid each other. One at a
time."""

exit_two_changes = "d"

# %% [markdown]
# ## exit_healthy

# %% right="exit_healthy"
"""with a bracket"""

exit_healthy = "d)"

# %% right="exit_healthy"
"""a capital letter"""

exit_healthy = "D"

# %% mistake="exit_healthy"
"""The tests look for certain faults. A program that passes can have one that none of them sees."""

exit_healthy = "a"

# %% mistake="exit_healthy"
"""New digits took no part in any of the tests. A batch of labels drawn at random passes them all, too."""

exit_healthy = "b"

# %% mistake="exit_healthy"
"""A larger network helps if the small one cannot express what is needed. That it is healthy does not say that."""

exit_healthy = "c"
