"""A session by the client that openapi-python-client makes from the document. The package is on PYTHONPATH."""

import os

from hexauth_client import AuthenticatedClient, Client
from hexauth_client import models
from hexauth_client.api.auth import login, logout, refresh
from hexauth_client.api.tasks import create_task, list_tasks
from hexauth_client.api.users import create_user, get_me, replace_me

URL = os.environ["HEXAUTH_URL"]
EMAIL = f"generated-{os.getpid()}@example.com"
PASSWORD = "correct horse battery staple"


def data(response, status, kind=None):
    """What came back, if it is what was expected."""
    assert response.status_code == status, response
    assert kind is None or isinstance(response.parsed, kind), response
    return response.parsed


anyone = Client(base_url=URL)
new = models.CreateUser(email=EMAIL, password=PASSWORD, full_name="Ada Lovelace")
made = data(create_user.sync_detailed(client=anyone, body=new), 201, models.User)
assert made.email == EMAIL

tokens = data(
    login.sync_detailed(client=anyone, body=models.Login(username=EMAIL, password=PASSWORD)), 200, models.TokenPair
)
me = data(get_me.sync_detailed(client=AuthenticatedClient(base_url=URL, token=tokens.access_token)), 200, models.User)
assert me.full_name == "Ada Lovelace"

old = tokens.refresh_token
tokens = data(refresh.sync_detailed(client=anyone, body=models.RefreshToken(refresh_token=old)), 200, models.TokenPair)
assert tokens.refresh_token != old
user = AuthenticatedClient(base_url=URL, token=tokens.access_token)

# What was read goes back, with one change.
document = models.ReplaceMe.from_dict({**me.to_dict(), "full_name": "Ada King"})
put = data(replace_me.sync_detailed(client=user, body=document), 200, models.User)
assert (put.full_name, put.created_at) == ("Ada King", me.created_at)

for title in ["One", "Two", "Three"]:
    data(create_task.sync_detailed(client=user, body=models.CreateTask(title=title)), 201, models.Task)
page = data(list_tasks.sync_detailed(client=user, limit=2), 200, models.TaskPage)
rest = data(list_tasks.sync_detailed(client=user, cursor=page.next_cursor), 200, models.TaskPage)
assert [task.title for task in page.items + rest.items] == ["One", "Two", "Three"]
assert rest.next_cursor is None

# Errors have types, too.
refused = data(
    create_user.sync_detailed(client=anyone, body=models.CreateUser(email="nobody", password=PASSWORD)),
    422,
    models.Problem,
)
assert refused.errors[0].code == "invalid_email"

data(logout.sync_detailed(client=user), 204)
assert data(get_me.sync_detailed(client=user), 401, models.Problem).code == "invalid_token"
