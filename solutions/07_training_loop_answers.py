# %% [markdown]
# Answers to lesson 07: right ones written in other ways, and the mistakes people make.

# %% [markdown]
# ## flatten_batch


# %% right="flatten_batch"
"""view, with the batch's own size"""


def flatten_batch(images):
    return images.view(images.shape[0], -1)


# %% right="flatten_batch"
"""the layer, called once"""


def flatten_batch(images):
    return nn.Flatten()(images)


# %% right="flatten_batch"
"""image by image"""


def flatten_batch(images):
    return torch.stack([image.reshape(-1) for image in images])


# %% right="flatten_batch"
"""sizes by name"""


def flatten_batch(images):
    batch, channels, height, width = images.size()
    return images.reshape(batch, channels * height * width)


# %% right="flatten_batch"
"""row by row into an empty tensor of float64"""


def flatten_batch(images):
    rows = torch.empty(len(images), images[0].numel(), dtype=torch.float64)
    for number, image in enumerate(images):
        rows[number] = image.ravel()
    return rows


# %% mistake="flatten_batch"
"""784 is the size of one kind of picture. These are smaller, and two of them ended up in one row without any
error. Ask the batch how many images it holds, and let the rest be whatever remains."""


def flatten_batch(images):
    return images.view(-1, 784)


# %% mistake="flatten_batch"
"""64 is the size of *most* batches. The last one of an epoch is usually smaller, and a single image is a batch of
one. Ask each batch for its own size."""


def flatten_batch(images):
    return images.view(64, -1)


# %% mistake="flatten_batch"
"""`resize_` works in place and invents what is missing: a batch that is too small gets rows of whatever lay in
memory, and the caller's images are changed. Keep the numbers there are, in a new shape."""


def flatten_batch(images):
    return images.resize_(64, 784)


# %% mistake="flatten_batch"
"""`resize_` changed the caller's own images: after the call they have another shape. Return a new view of them
instead, and leave them alone."""


def flatten_batch(images):
    return images.resize_(images.shape[0], images[0].numel())


# %% mistake="flatten_batch"
"""The pixels came first and the images second, and turning the result round does not unmix them: every row now
holds pixels of all images. The batch axis must come first from the start."""


def flatten_batch(images):
    return images.reshape(images[0].numel(), images.shape[0]).T


# %% mistake="flatten_batch"
"""Each *column* is an image now. The batch axis comes first: one row for each image."""


def flatten_batch(images):
    return images.flatten(1).T


# %% mistake="flatten_batch"
"""You joined *all* axes, the batch axis too: one long row in which nobody can tell the images apart. Begin behind
the batch axis."""


def flatten_batch(images):
    return images.flatten()


# %% mistake="flatten_batch"
"""You joined only the last two axes, so the channel axis is still there. Everything behind the batch axis becomes
one."""


def flatten_batch(images):
    return images.flatten(2)


# %% mistake="flatten_batch"
"""`squeeze` drops every axis of length one. It leaves height and width apart, and from a batch of one it takes the
batch axis, too."""


def flatten_batch(images):
    return images.squeeze()


# %% mistake="flatten_batch"
"""784 is written down, so this works for pictures of 28 × 28 only and stops at any other. Let the rest be whatever
remains."""


def flatten_batch(images):
    return images.view(images.shape[0], 784)


# %% mistake="flatten_batch"
"""The channels were moved behind the pixels before joining, so the numbers of a row are in another order. With one
channel nobody notices. Join the axes in the order they have."""


def flatten_batch(images):
    return images.permute(0, 2, 3, 1).reshape(images.shape[0], -1)


# %% mistake="flatten_batch"
"""Nothing comes back: `flatten` returns a new tensor and leaves the old one as it was. Return it."""


def flatten_batch(images):
    images.flatten(1)


# %% mistake="flatten_batch"
"""This is a Python list of rows. A network wants one tensor: (batch, numbers)."""


def flatten_batch(images):
    return [image.flatten() for image in images]


# %% mistake="flatten_batch"
"""Height and width changed places before the rows were made: the pixels of an image do not stand in their
order."""


def flatten_batch(images):
    return images.transpose(2, 3).flatten(1)

# %% mistake="flatten_batch"
"""The rows are cut in the other direction: as many columns as there are images. The batch axis comes first and
stays."""


def flatten_batch(images):
    return images.reshape(-1, len(images))


# %% mistake="flatten_batch"
"""A row holds one channel only. With two channels, the other one is lost or got a row of its own: everything behind
the batch axis belongs to its image."""


def flatten_batch(images):
    n, c, h, w = images.shape
    return images.reshape(-1, h * w)


# %% mistake="flatten_batch"
"""A row holds one channel only. With two channels, the other one is lost or got a row of its own: everything behind
the batch axis belongs to its image."""


def flatten_batch(images):
    return images[:, 0].flatten(1)


# %% [markdown]
# ## train_step


# %% right="train_step"
"""zero_grad last, after the step"""


def train_step(model, batch, criterion, optimizer):
    x, y = batch
    output = model(x)
    loss = criterion(output, y)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


# %% right="train_step"
"""the model's zero_grad, zeros instead of None, just before backward"""


def train_step(model, batch, criterion, optimizer):
    images, labels = batch
    logits = model.forward(images)
    loss = criterion(input=logits, target=labels)
    model.zero_grad(set_to_none=False)
    loss.backward()
    optimizer.step()
    return float(loss)


# %% right="train_step"
"""a closure for the optimiser, training mode set, images flattened once more"""


def train_step(model, batch, criterion, optimizer):
    model.train()

    def closure():
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(model(batch[0].flatten(1)), batch[1])
        loss.backward()
        return loss

    return optimizer.step(closure).item()


# %% right="train_step"
"""every gradient set to None by hand, a detached loss"""


def train_step(model, batch, criterion, optimizer):
    for parameter in model.parameters():
        parameter.grad = None
    loss = criterion(model(batch[0]), batch[1])
    torch.autograd.backward(loss)
    optimizer.step()
    return loss.detach().numpy().item()


# %% right="train_step"
"""a tensor that has let go of its graph"""


def train_step(model, batch, criterion, optimizer):
    with torch.enable_grad():
        optimizer.zero_grad()
        inputs, labels = batch
        loss = criterion(model(inputs), labels)
        loss.backward(retain_graph=True)
    optimizer.step()
    return loss.detach()


# %% right="train_step"
"""gradients by autograd.grad, put in their places by hand"""


def train_step(model, batch, criterion, optimizer):
    x, y = batch
    loss = criterion(model(x), y)
    parameters = list(model.parameters())
    for parameter, slope in zip(parameters, torch.autograd.grad(loss, parameters)):
        parameter.grad = slope
    optimizer.step()
    return loss.tolist()


# %% mistake="train_step"
"""The first step is right, the later ones are not: nothing clears the gradients, so each step uses the sum of all
gradients so far. It can even look like faster learning. When must the old ones be forgotten?"""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    loss = criterion(model(inputs), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


# %% mistake="train_step"
"""`zero_grad` stands between `backward` and `step`: it throws away what was measured just now, so no parameter
moves. Clear the gradients before `backward`, or after `step`."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    loss = criterion(model(inputs), labels)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


# %% mistake="train_step"
"""The gradients are measured and nobody uses them: no parameter moves. Which call of the optimiser is missing?"""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    optimizer.zero_grad()
    loss = criterion(model(inputs), labels)
    loss.backward()
    return loss.item()


# %% mistake="train_step"
"""The optimiser stepped, but no gradient had arrived at the parameters, so none of them moved. Is the backward pass
missing?"""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    optimizer.zero_grad()
    loss = criterion(model(inputs), labels)
    optimizer.step()
    return loss.item()


# %% mistake="train_step"
"""`step` comes before `backward`: when the optimiser looks, the gradients of this batch do not exist yet, and
those that come afterwards are cleared by the next `zero_grad`. A step uses the gradients of *this* backward pass."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    optimizer.zero_grad()
    loss = criterion(model(inputs), labels)
    optimizer.step()
    loss.backward()
    return loss.item()


# %% mistake="train_step"
"""`step` stands between the forward pass and `backward`. From the second batch on it moves the weights that
`backward` still needs, and PyTorch objects to the in-place change. First measure, then move."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    loss = criterion(model(inputs), labels)
    optimizer.step()
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


# %% mistake="train_step"
"""`step` comes at the very beginning, so each batch moves the parameters by the gradients of the batch *before*:
everything lags one batch behind."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    optimizer.step()
    optimizer.zero_grad()
    loss = criterion(model(inputs), labels)
    loss.backward()
    return loss.item()


# %% mistake="train_step"
"""You made an optimiser of your own, new for every batch. One that remembers (momentum, Adam) loses its memory
that way, and the learning rate that was chosen is lost as well. Use the one you are given."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    optimizer.zero_grad()
    loss = criterion(model(inputs), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


# %% mistake="train_step"
"""The optimiser is made anew for every batch, with the same settings but without its memory: momentum starts at
zero each time. Use the one you are given."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    optimizer = torch.optim.SGD(model.parameters(), lr=optimizer.defaults["lr"], momentum=0.9)
    optimizer.zero_grad()
    loss = criterion(model(inputs), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


# %% mistake="train_step"
"""You moved the parameters by hand, without the optimiser. That is plain gradient descent: what this optimiser
does beyond it, here its momentum, is lost. Let the optimiser take the step."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    model.zero_grad()
    loss = criterion(model(inputs), labels)
    loss.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= optimizer.param_groups[0]["lr"] * parameter.grad
    return loss.item()


# %% mistake="train_step"
"""The step is right, but what comes back is still a tensor with its graph behind it. Return the plain number in
it."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    optimizer.zero_grad()
    loss = criterion(model(inputs), labels)
    loss.backward()
    optimizer.step()
    return loss


# %% mistake="train_step"
"""The step is right, but nothing comes back: a function without `return` gives `None`. Showing the loss with
`print` is not the same as returning it."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    optimizer.zero_grad()
    loss = criterion(model(inputs), labels)
    loss.backward()
    optimizer.step()
    print(loss.item())


# %% mistake="train_step"
"""You returned the loss *after* the step, from a second forward pass. Asked for is the loss that the step was
computed from: it is known already, and costs nothing."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    optimizer.zero_grad()
    loss = criterion(model(inputs), labels)
    loss.backward()
    optimizer.step()
    return criterion(model(inputs), labels).item()


# %% mistake="train_step"
"""The loss is one of your own making, not the `criterion` you were given. It may be the same kind, but its
settings are not."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(inputs), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


# %% mistake="train_step"
"""A softmax stands between the model and the criterion. Cross-entropy wants logits and applies softmax itself;
applied twice, it blurs every answer."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    optimizer.zero_grad()
    loss = criterion(torch.softmax(model(inputs), dim=1), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


# %% mistake="train_step"
"""The loss is multiplied by the size of the batch before `backward`, so the gradients are that many times too
large. Weigh by the size when you *report* a mean over several batches, not here."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    optimizer.zero_grad()
    loss = criterion(model(inputs), labels) * len(labels)
    loss.backward()
    optimizer.step()
    return loss.item()


# %% mistake="train_step"
"""The step is right. But you returned the batch's loss times its size. Weigh by the size later, where the losses of
several batches are added."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    optimizer.zero_grad()
    loss = criterion(model(inputs), labels)
    loss.backward()
    optimizer.step()
    return loss.item() * len(labels)


# %% mistake="train_step"
"""The arguments of the criterion are swapped: first what the model says, then what is true."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    optimizer.zero_grad()
    loss = criterion(labels, model(inputs))
    loss.backward()
    optimizer.step()
    return loss.item()


# %% mistake="train_step"
"""`argmax` throws the scores away and keeps the winner: whole numbers without a slope, which no loss can improve.
The criterion wants the logits."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    optimizer.zero_grad()
    loss = criterion(model(inputs).argmax(dim=1), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


# %% mistake="train_step"
"""A batch is one pair: inputs and labels. A `for` loop over it takes the inputs apart, not the batches; the loop over
batches comes in a later exercise."""


def train_step(model, batch, criterion, optimizer):
    for inputs, labels in batch:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
    return loss.item()


# %% mistake="train_step"
"""`.item()` came too early: a plain number has no graph, so there is nothing to go back through. Go backward from
the tensor, and take the number out at the end."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    optimizer.zero_grad()
    loss = criterion(model(inputs), labels).item()
    loss.backward()
    optimizer.step()
    return loss


# %% mistake="train_step"
"""The loss was put into a *new* tensor. It requires a gradient, so `backward` does not complain, but nothing leads
from it back to the model: no parameter gets a gradient. Use the loss as the criterion gives it."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    optimizer.zero_grad()
    loss = torch.tensor(criterion(model(inputs), labels).item(), requires_grad=True)
    loss.backward()
    optimizer.step()
    return loss.item()


# %% mistake="train_step"
"""The forward pass ran under `no_grad`, so no operation was recorded and `backward` has nowhere to go. While
training, let autograd record."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    optimizer.zero_grad()
    with torch.no_grad():
        loss = criterion(model(inputs), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


# %% mistake="train_step"
"""Two steps for one batch: each batch is due one backward pass and one step."""


def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    for _ in range(2):
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
    return loss.item()


# %% [markdown]
# ## train_epoch


# %% right="train_epoch"
"""by train_step, with a weighted sum at the end"""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    losses, sizes = [], []
    for batch in loader:
        losses.append(train_step(model, batch, criterion, optimizer))
        sizes.append(batch[0].shape[0])
    return sum(loss * size for loss, size in zip(losses, sizes)) / sum(sizes)


# %% right="train_epoch"
"""enumerate, zero_grad last, a running total that is a detached tensor"""


def train_epoch(model, loader, criterion, optimizer):
    model.train(True)
    running_loss = 0
    for i, (images, labels) in enumerate(loader):
        images = images.view(images.shape[0], -1)
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        running_loss += loss.detach() * images.size(0)
    return running_loss / len(loader.dataset)


# %% right="train_epoch"
"""mode set in the loop, the model's zero_grad, the mean by the size of the data"""


def train_epoch(model, loader, criterion, optimizer):
    total = torch.zeros(())
    for images, labels in loader:
        model.train()
        model.zero_grad()
        logits = model(images)
        loss = criterion(logits, labels)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            total += loss * labels.numel()
    return total.item() / len(loader.dataset)


# %% right="train_epoch"
"""an iterator by hand, a running mean instead of a sum"""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    mean, seen = 0.0, 0
    iterator = iter(loader)
    while (batch := next(iterator, None)) is not None:
        inputs, labels = batch
        optimizer.zero_grad(set_to_none=False)
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        seen += len(labels)
        mean += (float(loss.detach()) - mean) * len(labels) / seen
    return mean


# %% right="train_epoch"
"""each batch's loss repeated for each of its images"""


def train_epoch(model, loader, criterion, optimizer):
    before = model.training
    model.train()
    of_images = []
    for batch in list(loader):
        of_images += [train_step(model, batch, criterion, optimizer)] * len(batch[1])
    model.train(before)
    return sum(of_images) / len(of_images)


# %% mistake="train_epoch"
"""This is the mean of the batches' means. The last batch has 2 images and counts as much as one with 5: weigh each
batch's loss by the number of its images."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total = 0.0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


# %% mistake="train_epoch"
"""This is the sum of the batches' mean losses. It grows with the number of batches; a mean over the images does
not."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total = 0.0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total


# %% mistake="train_epoch"
"""You added up *mean* losses, one per batch, and divided by the number of *images*: so the result is several times
too small. Before a mean is added, it must count as often as its batch has images."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total, count = 0.0, 0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
        count += len(labels)
    return total / count


# %% mistake="train_epoch"
"""This is the sum of the losses of all images; divide it by the number of images to get their mean."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total = 0.0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
    return total


# %% mistake="train_epoch"
"""You weighed all batches alike, as if the last were as large as the others. It is smaller: ask each batch for its own
size."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total = 0.0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * loader.batch_size
    return total / len(loader.dataset)


# %% mistake="train_epoch"
"""This is the loss of the last batch alone. The others took part in the epoch, too."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
    return loss.item()


# %% mistake="train_epoch"
"""The model took one step where three were due: `return` stands inside the loop, so the epoch ends with its first
batch."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total, count = 0.0, 0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        count += len(labels)
        return total / count


# %% mistake="train_epoch"
"""Every batch was the *first* batch: `next(iter(loader))` starts the loader anew each time. Let a `for` loop go
through it."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total, count = 0.0, 0
    for _ in range(len(loader)):
        inputs, labels = next(iter(loader))
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        count += len(labels)
    return total / count


# %% mistake="train_epoch"
"""The last batch was left out, because it is smaller. Its images count as much as the others."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total, count = 0.0, 0
    for inputs, labels in loader:
        if len(labels) < loader.batch_size:
            continue
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        count += len(labels)
    return total / count


# %% mistake="train_epoch"
"""`zero_grad` runs once, before the epoch. Within it the gradients of all batches pile up, and each step uses
their sum. They must be cleared for every batch."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    optimizer.zero_grad()
    total, count = 0.0, 0
    for inputs, labels in loader:
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        count += len(labels)
    return total / count


# %% mistake="train_epoch"
"""The gradients are never cleared: each step uses the sum of all gradients since the training began."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total, count = 0.0, 0
    for inputs, labels in loader:
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        count += len(labels)
    return total / count


# %% mistake="train_epoch"
"""One step per epoch: `step` stands behind the loop, and only the gradients of the last batch are left to step by.
Every batch is due a step."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total, count = 0.0, 0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        total += loss.item() * len(labels)
        count += len(labels)
    optimizer.step()
    return total / count


# %% mistake="train_epoch"
"""The loss is measured well, but no parameter moved. After `backward`, who takes the step?"""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total, count = 0.0, 0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        total += loss.item() * len(labels)
        count += len(labels)
    return total / count


# %% mistake="train_epoch"
"""The optimiser is made anew for every batch, so momentum starts at zero each time. It holds a memory that must
live as long as the training: use the one you are given."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total, count = 0.0, 0
    for inputs, labels in loader:
        optimizer = torch.optim.SGD(model.parameters(), lr=optimizer.defaults["lr"], momentum=0.9)
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        count += len(labels)
    return total / count


# %% mistake="train_epoch"
"""Nobody set the training mode. If the model was left in evaluation mode, dropout and its like stay off for the
whole epoch. Begin with the call that sets it."""


def train_epoch(model, loader, criterion, optimizer):
    total, count = 0.0, 0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        count += len(labels)
    return total / count


# %% mistake="train_epoch"
"""The model trains in evaluation mode. That mode is for predicting; here it must be the other one."""


def train_epoch(model, loader, criterion, optimizer):
    model.eval()
    total, count = 0.0, 0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        count += len(labels)
    return total / count


# %% mistake="train_epoch"
"""You added up tensors that still carry their graphs, so a part of every batch's graph stays in memory until the
end, and the result is a tensor with a graph, too. Take the number out of each loss."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total, count = 0.0, 0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss * len(labels)
        count += len(labels)
    return total / count


# %% mistake="train_epoch" slip=true
"""The numbers are right. But the running total is a tensor with a graph until the very end, and so a part of every
batch's graph stays in memory for the whole epoch. Take the number out of each loss *before* you add it."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total, count = 0.0, 0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss * len(labels)
        count += len(labels)
    return total.item() / count


# %% mistake="train_epoch"
"""The losses are collected as tensors with their graphs, which stay in memory until the epoch ends; and the mean of
the batches' means is not the mean over the images. Collect numbers, and weigh each by its batch's size."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    losses = []
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss)
    return torch.stack(losses).mean().item()


# %% mistake="train_epoch"
"""The losses of all batches were added up for a single `backward` and a single step. Every batch is due a step of its
own; that is what makes many small batches quick."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    optimizer.zero_grad()
    total, count = 0.0, 0
    for inputs, labels in loader:
        total = total + criterion(model(inputs), labels) * len(labels)
        count += len(labels)
    loss = total / count
    loss.backward()
    optimizer.step()
    return loss.item()


# %% mistake="train_epoch"
"""64 is written down as the batch size. No batch here has 64 images, and the last one of an epoch seldom has.
Images that are rows already need no new shape; otherwise ask the batch."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total, count = 0.0, 0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs.view(64, 784)), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        count += len(labels)
    return total / count


# %% mistake="train_epoch"
"""The training is right, and what comes back is `None`. A function hands its answer to the caller with `return`; printing shows it and no more."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total, count = 0.0, 0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        count += len(labels)
    print(total / count)


# %% mistake="train_epoch"
"""You measured the loss of the *finished* epoch with a second pass through the loader. Asked for is the mean of
the losses that the batches had when it was their turn; they cost no second pass."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        losses = [(criterion(model(x), y).item(), len(y)) for x, y in loader]
    return sum(loss * size for loss, size in losses) / sum(size for _, size in losses)


# %% [markdown]
# ## can_overfit_one_batch


# %% right="can_overfit_one_batch"
"""zero_grad last, the answer as a tensor"""


def can_overfit_one_batch(make_model, batch):
    net = make_model()
    net.train()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    for step in range(100):
        loss = nn.functional.cross_entropy(net(batch[0]), batch[1])
        loss.backward()
        opt.step()
        opt.zero_grad()
    return loss.detach() < 0.1


# %% right="can_overfit_one_batch"
"""stops as soon as the loss is low enough"""


def can_overfit_one_batch(make_model, batch):
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(100):
        loss = nn.CrossEntropyLoss()(model(batch[0]), batch[1])
        if loss.item() < 0.1:
            return True
        model.zero_grad()
        loss.backward()
        optimizer.step()
    return False


# %% right="can_overfit_one_batch"
"""by train_step, with the loss measured anew"""


def can_overfit_one_batch(make_model, batch):
    model, criterion = make_model(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(100):
        train_step(model, batch, criterion, optimizer)
    with torch.no_grad():
        return bool(criterion(model(batch[0]), batch[1]) < 0.1)


# %% right="can_overfit_one_batch"
"""the lowest of all losses"""


def can_overfit_one_batch(make_model, batch):
    model, criterion = make_model(), nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0)
    return min([train_step(model, batch, criterion, optimizer) for _ in range(100)]) < 0.1


# %% mistake="can_overfit_one_batch"
"""The optimiser holds the parameters of *another* network: `make_model()` was called twice. So the one you look at
never changes, and even a sound one fails. Make one network, and keep it."""


def can_overfit_one_batch(make_model, batch):
    model = make_model()
    optimizer = torch.optim.Adam(make_model().parameters(), lr=0.01)
    criterion = nn.CrossEntropyLoss()
    for _ in range(100):
        optimizer.zero_grad()
        loss = criterion(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
    return loss.item() < 0.1


# %% mistake="can_overfit_one_batch"
"""A network made anew in every step has never learned anything. Make it once, before the loop, with its
optimiser."""


def can_overfit_one_batch(make_model, batch):
    criterion = nn.CrossEntropyLoss()
    for _ in range(100):
        model = make_model()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        loss = criterion(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
    return loss.item() < 0.1


# %% mistake="can_overfit_one_batch"
"""You ask whether the loss *fell*. It falls for nearly every network, also for one whose softmax comes twice. To
know a batch by heart means a loss near zero: compare with 0.1."""


def can_overfit_one_batch(make_model, batch):
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    criterion = nn.CrossEntropyLoss()
    losses = []
    for _ in range(100):
        optimizer.zero_grad()
        loss = criterion(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses[-1] < losses[0]


# %% mistake="can_overfit_one_batch"
"""You looked at the accuracy. A network that applies softmax twice can name every class of the batch and yet never
be sure, so its loss stays high. Ask the loss: accuracy hides this fault."""


def can_overfit_one_batch(make_model, batch):
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    criterion = nn.CrossEntropyLoss()
    for _ in range(100):
        optimizer.zero_grad()
        logits = model(batch[0])
        loss = criterion(logits, batch[1])
        loss.backward()
        optimizer.step()
    return bool((logits.argmax(dim=1) == batch[1]).float().mean() > 0.95)


# %% mistake="can_overfit_one_batch"
"""The answer is turned round: a *low* loss means that the batch was learned."""


def can_overfit_one_batch(make_model, batch):
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    criterion = nn.CrossEntropyLoss()
    for _ in range(100):
        optimizer.zero_grad()
        loss = criterion(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
    return loss.item() > 0.1


# %% mistake="can_overfit_one_batch"
"""Your function returned the loss. Asked is a question with yes or no: is it below 0.1?"""


def can_overfit_one_batch(make_model, batch):
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    criterion = nn.CrossEntropyLoss()
    for _ in range(100):
        optimizer.zero_grad()
        loss = criterion(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
    return loss.item()


# %% mistake="can_overfit_one_batch"
"""What comes back is `None`. A function hands its answer to the caller with `return`, on every path; printing shows it and no more."""


def can_overfit_one_batch(make_model, batch):
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    criterion = nn.CrossEntropyLoss()
    for _ in range(100):
        optimizer.zero_grad()
        loss = criterion(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
    print(loss.item() < 0.1)


# %% mistake="can_overfit_one_batch"
"""There is no `for` loop around the step, so the network took a single one. Nothing is learned by heart in one
step."""


def can_overfit_one_batch(make_model, batch):
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    criterion = nn.CrossEntropyLoss()
    optimizer.zero_grad()
    criterion(model(batch[0]), batch[1]).backward()
    optimizer.step()
    return criterion(model(batch[0]), batch[1]).item() < 0.1


# %% mistake="can_overfit_one_batch"
"""The optimiser is Adam, but with another learning rate than the one asked for. In 100 steps even a sound network does
not get far enough with it."""


def can_overfit_one_batch(make_model, batch):
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters())
    criterion = nn.CrossEntropyLoss()
    for _ in range(100):
        optimizer.zero_grad()
        loss = criterion(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
    return loss.item() < 0.1


# %% mistake="can_overfit_one_batch"
"""Plain SGD with so small a learning rate does not learn a batch by heart in 100 steps: even the sound network fails
your test. The exercise asks for Adam."""


def can_overfit_one_batch(make_model, batch):
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    criterion = nn.CrossEntropyLoss()
    for _ in range(100):
        optimizer.zero_grad()
        loss = criterion(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
    return loss.item() < 0.1


# %% mistake="can_overfit_one_batch"
"""The verdicts are right, but the training is not: the gradients are never cleared, so every step uses the sum of all
gradients so far. Adam hides it on a batch as small as this."""


def can_overfit_one_batch(make_model, batch):
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    criterion = nn.CrossEntropyLoss()
    for _ in range(100):
        loss = criterion(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
    return loss.item() < 0.1


# %% mistake="can_overfit_one_batch"
"""A test that no network passes tests nothing either. What loss would a sound one end with?"""


def can_overfit_one_batch(make_model, batch):
    return False


# %% mistake="can_overfit_one_batch"
"""A function that finds every network sound tests nothing. Which loss would a faulty one end with?"""


def can_overfit_one_batch(make_model, batch):
    return True


# %% mistake="can_overfit_one_batch"
"""You used `make_model` itself as the network. It is a function that *makes* one: call it, without arguments, and
keep what it returns."""


def can_overfit_one_batch(make_model, batch):
    model = make_model
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    criterion = nn.CrossEntropyLoss()
    for _ in range(100):
        optimizer.zero_grad()
        loss = criterion(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
    return loss.item() < 0.1


# %% [markdown]
# ## fit


# %% right="fit"
"""by train_epoch"""


def fit(model, loader, epochs, lr):
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr)
    return [train_epoch(model, loader, criterion, optimizer) for _ in range(epochs)]


# %% right="fit"
"""detached tensors, an optimiser per epoch (plain SGD has nothing to forget), the data's length"""


def fit(model, loader, epochs, lr):
    history = []
    for epoch in range(epochs):
        model.train()
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        running_loss = 0
        for step, (images, labels) in enumerate(loader):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            running_loss += loss.detach() * images.shape[0]
        history.append(running_loss / len(loader.dataset))
    return history


# %% right="fit"
"""sums from the criterion, the steps by hand, everything in one tensor"""


def fit(model, loader, epochs, lr):
    history = torch.zeros(epochs)
    for epoch in range(epochs):
        model.train()
        for images, labels in loader:
            losses = nn.CrossEntropyLoss(reduction="none")(model(images), labels)
            gradients = torch.autograd.grad(losses.mean(), list(model.parameters()))
            with torch.no_grad():
                for parameter, gradient in zip(model.parameters(), gradients):
                    parameter -= lr * gradient
            history[epoch] += losses.sum().detach()
    return (history / len(loader.dataset)).tolist()


# %% mistake="fit"
"""The totals are set to zero once, before all epochs, so the second epoch still counts the losses of the first.
What must begin anew in every epoch?"""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    model.train()
    history, total, count = [], 0.0, 0
    for _ in range(epochs):
        for inputs, labels in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
            count += len(labels)
        history.append(total / count)
    return history


# %% mistake="fit"
"""The running loss is set to zero once, before all epochs, so the history grows from epoch to epoch. What must
begin anew in every epoch?"""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    model.train()
    history, total = [], 0.0
    for _ in range(epochs):
        for inputs, labels in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
        history.append(total / len(loader.dataset))
    return history


# %% mistake="fit"
"""The history holds means of the batches' means. The last batch is smaller and counts as much as the others: weigh
each loss by the number of its images."""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    model.train()
    history = []
    for _ in range(epochs):
        total = 0.0
        for inputs, labels in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        history.append(total / len(loader))
    return history


# %% mistake="fit"
"""The history holds one number for each *batch*. Asked is one number for each epoch: the mean over its images."""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    model.train()
    history = []
    for _ in range(epochs):
        for inputs, labels in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer.step()
            history.append(loss.item())
    return history


# %% mistake="fit"
"""The history holds the loss of the last batch of each epoch. The other batches belong to the epoch's mean, too."""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    model.train()
    history = []
    for _ in range(epochs):
        for inputs, labels in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer.step()
        history.append(loss.item())
    return history


# %% mistake="fit"
"""Only the last epoch's loss comes back. The history is a list with one entry for each epoch."""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(epochs):
        mean = train_epoch(model, loader, criterion, optimizer)
    return mean


# %% mistake="fit"
"""The training ended after its first epoch: `return` stands inside the loop over the epochs."""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for _ in range(epochs):
        history.append(train_epoch(model, loader, criterion, optimizer))
        return history


# %% mistake="fit"
"""One epoch is missing. If you count with `range`: it ends before its last number."""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    return [train_epoch(model, loader, criterion, optimizer) for _ in range(1, epochs)]


# %% mistake="fit"
"""The batches were fetched once and used in every epoch: the first epoch is right, the later ones repeat its
order. A loader shuffles when it is started, so start it in each epoch."""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    batches = list(loader)
    return [train_epoch(model, batches, criterion, optimizer) for _ in range(epochs)]


# %% mistake="fit"
"""You went through the loader once more than there are epochs, to count its images. A shuffling loader draws a new
order each time it is started, so every epoch saw another order than it was due. Count while you train, or ask the
loader's `dataset` for its length."""


def fit(model, loader, epochs, lr):
    count = sum(len(labels) for _, labels in loader)
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    model.train()
    history = []
    for _ in range(epochs):
        total = 0.0
        for batch in loader:
            total += train_step(model, batch, criterion, optimizer) * len(batch[1])
        history.append(total / count)
    return history


# %% mistake="fit"
"""One batch per epoch: `next(iter(loader))` starts the loader and takes a single batch. An epoch goes through all
of them."""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    return [train_epoch(model, [next(iter(loader))], criterion, optimizer) for _ in range(epochs)]


# %% mistake="fit"
"""The gradients are cleared once per epoch instead of once per batch, so within an epoch they pile up."""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    model.train()
    history = []
    for _ in range(epochs):
        optimizer.zero_grad()
        total, count = 0.0, 0
        for inputs, labels in loader:
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
            count += len(labels)
        history.append(total / count)
    return history


# %% mistake="fit"
"""The learning rate you were given is not used: another one is written down in the function."""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.01)
    return [train_epoch(model, loader, criterion, optimizer) for _ in range(epochs)]


# %% mistake="fit"
"""This trains with Adam. It is a good optimiser, but the exercise asks for plain SGD, so that every step can be
compared."""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters(), lr=lr)
    return [train_epoch(model, loader, criterion, optimizer) for _ in range(epochs)]


# %% mistake="fit"
"""This is SGD with momentum. The exercise asks for plain SGD, so that every step can be compared."""


def fit(model, loader, epochs, lr):
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    return [train_epoch(model, loader, criterion, optimizer) for _ in range(epochs)]


# %% mistake="fit"
"""One epoch too many."""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    return [train_epoch(model, loader, criterion, optimizer) for _ in range(epochs + 1)]


# %% mistake="fit"
"""The loops are the wrong way round: each batch was trained on several times in a row, then never again. An epoch goes
through all batches before it begins anew."""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    history, count = [0.0] * epochs, 0
    for inputs, labels in loader:
        count += len(labels)
        for epoch in range(epochs):
            loss = train_step(model, (inputs, labels), criterion, optimizer)
            history[epoch] += loss * len(labels)
    return [total / count for total in history]


# %% mistake="fit"
"""The history is a dictionary. Asked for is a list: the first entry for the first epoch, and so on."""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    return {epoch: train_epoch(model, loader, criterion, optimizer) for epoch in range(epochs)}


# %% mistake="fit"
"""The model trains in evaluation mode. That mode is for predicting."""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for _ in range(epochs):
        model.eval()
        total, count = 0.0, 0
        for inputs, labels in loader:
            total += train_step(model, (inputs, labels), criterion, optimizer) * len(labels)
            count += len(labels)
        history.append(total / count)
    return history


# %% mistake="fit"
"""A copy of the model was trained. The one you were given did not change: whoever called you gets the history, but
not the trained network."""


def fit(model, loader, epochs, lr):
    network = copy.deepcopy(model)
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(network.parameters(), lr=lr)
    return [train_epoch(network, loader, criterion, optimizer) for _ in range(epochs)]


# %% mistake="fit"
"""The optimiser was built for an old model. It holds references to *those* tensors, so the model in the loop gets
gradients and no steps: its loss never changes but for the order of the images."""


def fit(model, loader, epochs, lr):
    optimizer = torch.optim.SGD(copy.deepcopy(model).parameters(), lr=lr)
    criterion = nn.CrossEntropyLoss()
    return [train_epoch(model, loader, criterion, optimizer) for _ in range(epochs)]


# %% mistake="fit"
"""Nobody set the training mode: a model that was left in evaluation mode stays there for the whole training."""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for _ in range(epochs):
        total, count = 0.0, 0
        for inputs, labels in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
            count += len(labels)
        history.append(total / count)
    return history


# %% mistake="fit"
"""The numbers of the history are tensors with a graph behind them. Keep plain numbers."""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    model.train()
    history = []
    for _ in range(epochs):
        total, count = 0.0, 0
        for inputs, labels in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer.step()
            total += loss * len(labels)
            count += len(labels)
        history.append(total / count)
    return history


# %% mistake="fit"
"""The training is right, but nothing comes back. Return the history."""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    for epoch in range(epochs):
        print(epoch, train_epoch(model, loader, criterion, optimizer))


# %% mistake="fit"
"""You returned the model. It was changed in place, so the caller has it already; asked for is the history."""


def fit(model, loader, epochs, lr):
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(epochs):
        train_epoch(model, loader, criterion, optimizer)
    return model


# %% mistake="fit"
"""The learning rate is fixed in your code. Use the `lr` that is handed in."""


def fit(model, loader, epochs, lr):
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    return [train_epoch(model, loader, nn.CrossEntropyLoss(), opt) for _ in range(epochs)]

# %% mistake="fit"
"""This trains on squared errors. The exercise asks for cross-entropy."""


def fit(model, loader, epochs, lr):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    h = []

    def crit(out, y):
        return ((out - nn.functional.one_hot(y, out.shape[1])) ** 2).mean()

    return [train_epoch(model, loader, crit, opt) for _ in range(epochs)]


# %% mistake="fit"
"""Every epoch was trained twice, and the second time was noted: a call of `train_epoch` *trains*, also when you
only want its result. Call it once and keep what it returns."""


def fit(model, loader, epochs, lr):
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for _ in range(epochs):
        train_epoch(model, loader, criterion, optimizer)
        history.append(train_epoch(model, loader, criterion, optimizer))
    return history


# %% mistake="fit"
"""The history holds the last epoch alone: it begins anew in every epoch, or is filled after the loop. It should
begin once, before the first epoch, and grow with each."""


def fit(model, loader, epochs, lr):
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for epoch in range(epochs):
        history = []
        history.append(train_epoch(model, loader, criterion, optimizer))
    return history


# %% mistake="fit"
"""The learning rate was changed on the way to the optimiser. Use `lr` as it is handed in."""


def fit(model, loader, epochs, lr):
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr / epochs)
    return [train_epoch(model, loader, criterion, optimizer) for _ in range(epochs)]


# %% [markdown]
# ## predict


# %% right="predict"
"""inference mode, restored by if"""


def predict(model, images):
    before = model.training
    model.eval()
    with torch.inference_mode():
        logits = model(images)
        probabilities = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
    if before:
        model.train()
    return probabilities


# %% right="predict"
"""a decorator, and finally"""


@torch.no_grad()
def predict(model, images):
    mode = model.training
    try:
        return nn.functional.softmax(model.eval()(images), dim=-1)
    finally:
        model.train(mode)


# %% right="predict"
"""the grad mode switched by hand and given back, exp of log-softmax"""


def predict(model, images):
    recording, training = torch.is_grad_enabled(), model.training
    torch.set_grad_enabled(False)
    model.train(False)
    result = torch.log_softmax(model(images), 1).exp()
    model.train(training)
    torch.set_grad_enabled(recording)
    return result


# %% right="predict"
"""one image at a time"""


def predict(model, images):
    mode = model.training
    model.eval()
    with torch.no_grad():
        rows = [model(image.unsqueeze(0))[0].softmax(0) for image in images]
    model.train(mode)
    return torch.stack(rows)


# %% right="predict"
"""a copy that may stay in evaluation mode"""


def predict(model, images):
    twin = copy.deepcopy(model).eval()
    with torch.no_grad():
        return twin(images).softmax(dim=1)


# %% right="predict"
"""the mode of every part remembered, in float64, in pieces"""


def predict(model, images):
    modes = {part: part.training for part in model.modules()}
    model.eval()
    pieces = []
    with torch.inference_mode():
        for piece in images.split(4):
            pieces.append(nn.Softmax(dim=-1)(model(piece).double()))
    for part, mode in modes.items():
        part.training = mode
    return torch.vstack(pieces)


# %% mistake="predict"
"""These are logits. They say who wins, but they are no probabilities: turn each row into positive numbers that sum
to 1."""


def predict(model, images):
    mode = model.training
    model.eval()
    with torch.no_grad():
        logits = model(images)
    model.train(mode)
    return logits


# %% mistake="predict"
"""The exponential alone makes positive numbers, but the rows do not sum to 1. It would be enough for
log-probabilities; this model gives logits."""


def predict(model, images):
    mode = model.training
    model.eval()
    with torch.no_grad():
        probabilities = torch.exp(model(images))
    model.train(mode)
    return probabilities


# %% mistake="predict"
"""The softmax runs along the batch: the *columns* sum to 1, so the images compete with each other. For each image
the classes must compete. Which axis holds them?"""


def predict(model, images):
    mode = model.training
    model.eval()
    with torch.no_grad():
        probabilities = torch.softmax(model(images), dim=0)
    model.train(mode)
    return probabilities


# %% mistake="predict"
"""These are *log*-probabilities: none is above 0. One more step leads to probabilities."""


def predict(model, images):
    mode = model.training
    model.eval()
    with torch.no_grad():
        probabilities = torch.log_softmax(model(images), dim=1)
    model.train(mode)
    return probabilities


# %% mistake="predict"
"""A sigmoid looks at each logit alone, so the rows do not sum to 1. One image belongs to one class: the classes
must share a total of 1."""


def predict(model, images):
    mode = model.training
    model.eval()
    with torch.no_grad():
        probabilities = torch.sigmoid(model(images))
    model.train(mode)
    return probabilities


# %% mistake="predict"
"""You returned the chosen classes. Asked for are the probabilities of all classes; who wants the choice can take
it from them."""


def predict(model, images):
    mode = model.training
    model.eval()
    with torch.no_grad():
        probabilities = torch.softmax(model(images), dim=1)
    model.train(mode)
    return probabilities.argmax(dim=1)


# %% mistake="predict"
"""The model predicted in training mode: dropout and its like were still active. `no_grad` does not switch them
off. Which call does?"""


def predict(model, images):
    with torch.no_grad():
        return torch.softmax(model(images), dim=1)


# %% mistake="predict"
"""You set the flag of the outermost module only; the layers inside did not hear of it and still behave as in
training. Use the method that tells all of them."""


def predict(model, images):
    mode = model.training
    model.training = False
    with torch.no_grad():
        probabilities = torch.softmax(model(images), dim=1)
    model.training = mode
    return probabilities


# %% mistake="predict"
"""`model.training = …` sets the flag of the outermost module only. After `eval()` the layers inside stay in
evaluation mode, though the model claims to be training. Use the method that tells all of them."""


def predict(model, images):
    mode = model.training
    model.eval()
    with torch.no_grad():
        probabilities = torch.softmax(model(images), dim=1)
    model.training = mode
    return probabilities


# %% mistake="predict"
"""`eval()` does not stop autograd. The forward pass was recorded, and the probabilities drag its graph along: slow,
and a waste of memory. Something else switches the recording off."""


def predict(model, images):
    mode = model.training
    model.eval()
    probabilities = torch.softmax(model(images), dim=1)
    model.train(mode)
    return probabilities


# %% mistake="predict"
"""`detach` cuts the graph off *after* it was built. The whole forward pass was still recorded. Do not record in the
first place."""


def predict(model, images):
    mode = model.training
    model.eval()
    probabilities = torch.softmax(model(images), dim=1).detach()
    model.train(mode)
    return probabilities


# %% mistake="predict"
"""The model stays in evaluation mode. If it was training, dropout will silently be off from here on. Leave it as
you found it."""


def predict(model, images):
    model.eval()
    with torch.no_grad():
        return torch.softmax(model(images), dim=1)


# %% mistake="predict"
"""The model ends in training mode, whatever it was before. One that was in evaluation mode should stay in it:
remember the mode, and restore that."""


def predict(model, images):
    model.eval()
    with torch.no_grad():
        probabilities = torch.softmax(model(images), dim=1)
    model.train()
    return probabilities


# %% mistake="predict"
"""Gradients are switched off for the whole program, and nobody switches them on again: the next `backward` will
fail. A `with` block ends by itself."""


def predict(model, images):
    mode = model.training
    model.eval()
    torch.set_grad_enabled(False)
    probabilities = torch.softmax(model(images), dim=1)
    model.train(mode)
    return probabilities


# %% mistake="predict"
"""`with torch.no_grad:` lacks its parentheses: the class is not yet a thing that a `with` block can enter."""


def predict(model, images):
    mode = model.training
    model.eval()
    with torch.no_grad:
        probabilities = torch.softmax(model(images), dim=1)
    model.train(mode)
    return probabilities


# %% mistake="predict"
"""What comes back is `None`. A function hands its answer to the caller with `return`, on every path; printing shows it and no more."""


def predict(model, images):
    mode = model.training
    model.eval()
    with torch.no_grad():
        probabilities = torch.softmax(model(images), dim=1)
    model.train(mode)


# %% mistake="predict"
"""The softmax was applied twice. The rows sum to 1, and yet every answer is blurred."""


def predict(model, images):
    mode = model.training
    model.eval()
    with torch.no_grad():
        out = torch.softmax(torch.softmax(model(images), 1), 1)
    model.train(mode)
    return out

# %% mistake="predict"
"""You switched the recording off and then on. Where the caller had it off, it is on afterwards: as `with …:`
it ends by itself, in the state that was."""


def predict(model, images):
    training = model.training
    model.eval()
    torch.set_grad_enabled(False)
    probabilities = torch.softmax(model(images), 1)
    torch.set_grad_enabled(True)
    model.train(training)
    return probabilities

# %% mistake="predict"
"""You switched off `requires_grad` of the parameters and left it off: the network can never be trained again.
What should not be recorded is the forward pass; the parameters stay as they are."""


def predict(model, images):
    training = model.training
    model.eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    probabilities = torch.softmax(model(images), 1)
    model.train(training)
    return probabilities

# %% [markdown]
# ## Exit questions


# %% mistake="exit_updates"
"""The loss falls a little in every epoch, so the loop does work. It only got 5 · 47 = 235 updates, where the course
got 4,690. Compare updates before you look for bugs."""
exit_updates = "a"

# %% mistake="exit_updates"
"""The same network reaches 0.39 in the course, so it is large enough. What is different is how often it was allowed
to learn."""
exit_updates = "c"

# %% mistake="exit_updates"
"""Larger batches mean *fewer* updates in each epoch, and there were too few already."""
exit_updates = "d"

# %% mistake="exit_accumulate"
"""Four backward passes *add* four means, and the sum of four means is four times their mean: the step would be four
times as long as that of a batch of 64."""
exit_accumulate = "a"

# %% mistake="exit_accumulate"
"""Then each backward pass would wipe out the one before, and the step would use the last 16 images only. Here the
adding-up is what you want."""
exit_accumulate = "b"

# %% mistake="exit_accumulate"
"""The adding-up already makes the gradient four times too large; this would make it sixteen times. Which way must
the factor go?"""
exit_accumulate = "d"

# %% mistake="exit_stuck"
"""Without a step the weights would not change at all, and here they do."""
exit_stuck = "a"

# %% mistake="exit_stuck"
"""With softmax applied twice the network learns slowly, but it learns: after five epochs this one knows three new
digits in ten, not one. Which fault leaves *nothing* to learn that is true of new images?"""
exit_stuck = "c"

# %% mistake="exit_stuck"
"""That concerns the predictions on new digits. It cannot keep the *training* loss near ln 10, the loss of
guessing."""
exit_stuck = "d"


# %% right="train_step"
"""gradients of a function, put where the optimiser looks for them"""
from torch.func import functional_call, grad_and_value
def train_step(model, batch, criterion, optimizer):
    inputs, labels = batch
    params = {name: p.detach() for name, p in model.named_parameters()}
    def loss_at(params):
        return criterion(functional_call(model, params, (inputs,)), labels)
    grads, loss = grad_and_value(loss_at)(params)
    for name, p in model.named_parameters():
        p.grad = grads[name]
    optimizer.step()
    return loss.item()

# %% mistake="train_step"
"""You made an optimiser of your own. Take the step with the one that is handed in: it knows the learning rate,
and what it remembers."""


def train_step(model, batch, criterion, optimizer):
    x, y = batch
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    opt.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    opt.step()
    return loss.item()


# %% mistake="train_step"
"""You returned the share of right answers. Asked for is the loss of the batch, before the step."""


def train_step(model, batch, criterion, optimizer):
    x, y = batch
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    return (model(x).argmax(1) == y).float().mean().item()


# %% mistake="train_step"
"""The optimiser steps twice with the same gradients. One batch, one step."""


def train_step(model, batch, criterion, optimizer):
    x, y = batch
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    optimizer.step()
    return loss.item()


# %% right="train_epoch"
"""each batch's loss measured by a forward pass of its own, before the step"""
def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total, count = 0.0, 0
    for inputs, labels in loader:
        before = criterion(model(inputs), labels)
        total, count = total + before.item() * len(labels), count + len(labels)
        optimizer.zero_grad()
        criterion(model(inputs), labels).backward()
        optimizer.step()
    return total / count

# %% mistake="train_epoch"
"""One step at the end of the epoch, with the gradients of all batches in it. Each batch is due a step of its
own."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total = n = 0
    optimizer.zero_grad()
    for x, y in loader:
        loss = criterion(model(x), y)
        loss.backward()
        total += loss.item() * len(y)
        n += len(y)
    optimizer.step()
    return total / n


# %% mistake="train_epoch"
"""You took every batch to be as large as the first. The last one is smaller: count the images of each."""


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total, batches, size = 0.0, 0, None
    for x, y in loader:
        if size is None:
            size = len(y)
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
        batches += 1
    return total / (batches * size)


# %% mistake="can_overfit_one_batch"
"""You took 99 steps; asked for are 100. If you count with `range`: it ends before its last number."""
def can_overfit_one_batch(make_model, batch):
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    inputs, labels = batch
    for _ in range(1, 100):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(inputs), labels)
        loss.backward()
        optimizer.step()
    return loss.item() < 0.1

# %% mistake="can_overfit_one_batch"
"""You took 101 steps; asked for are 100."""
def can_overfit_one_batch(make_model, batch):
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    inputs, labels = batch
    for _ in range(101):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(inputs), labels)
        loss.backward()
        optimizer.step()
    return loss.item() < 0.1

# %% mistake="can_overfit_one_batch"
"""So few steps do not show whether a network can learn a batch by heart: the exercise asks for 100."""


def can_overfit_one_batch(make_model, batch):
    x, y = batch
    net = make_model()
    opt = torch.optim.Adam(net.parameters(), lr=0.01)
    c = nn.CrossEntropyLoss()
    for _ in range(10):
        opt.zero_grad()
        loss = c(net(x), y)
        loss.backward()
        opt.step()
    return loss.item() < 0.1

# %% mistake="can_overfit_one_batch"
"""Your limit is not the one of the exercise: a loss near 1 is far from knowing a batch by heart. Compare with
0.1."""


def can_overfit_one_batch(make_model, batch):
    inputs, labels = batch
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(100):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(inputs), labels)
        loss.backward()
        optimizer.step()
    return loss.item() < 1


# %% mistake="can_overfit_one_batch"
"""The verdicts may be right, but the optimiser is made anew in every step, and so Adam forgets its averages each
time. Make it once, before the loop."""


def can_overfit_one_batch(make_model, batch):
    model = make_model()
    criterion = nn.CrossEntropyLoss()
    x, y = batch
    for _ in range(100):
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        train_step(model, batch, criterion, optimizer)
    return criterion(model(x), y).item() < 0.1


# %% right="can_overfit_one_batch"
"""ends as soon as the loss is below 0.1"""


def can_overfit_one_batch(make_model, batch):
    x, y = batch
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    criterion = nn.CrossEntropyLoss()
    for _ in range(100):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        if loss.item() < 0.1:
            return True
        loss.backward()
        optimizer.step()
    return False
