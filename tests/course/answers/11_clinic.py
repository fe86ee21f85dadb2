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
