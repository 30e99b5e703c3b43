// A session by a client whose types openapi-typescript makes from the document. It must compile under `strict`, and run.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type User = components["schemas"]["User"];

const baseUrl = process.env["HEXAUTH_URL"];
assert(baseUrl, "HEXAUTH_URL is not set");
const api = createClient<paths>({ baseUrl });
const email = `typed-${process.pid}@example.com`;
const password = "correct horse battery staple";

/** What came back, or the problem as an error. */
function data<T>(result: { data?: T; error?: components["schemas"]["Problem"]; response: Response }): T {
  const { data, error, response } = result;
  assert(data !== undefined, `${response.url}: ${response.status} ${error?.code} ${error?.detail}`);
  return data;
}

const made: User = data(await api.POST("/api/v1/users", { body: { email, password, full_name: "Ada Lovelace" } }));
assert.equal(made.email, email);

let tokens = data(await api.POST("/api/v1/auth/login", { body: { username: email, password } }));
const bearer = () => ({ headers: { Authorization: `Bearer ${tokens.access_token}` } });

const me = data(await api.GET("/api/v1/users/me", bearer()));
assert.deepEqual({ ...me, last_login: null }, made);

// What was read goes back, with one change.
const put = data(await api.PUT("/api/v1/users/me", { ...bearer(), body: { ...me, full_name: "Ada King" } }));
assert.equal(put.full_name, "Ada King");

const refresh_token = tokens.refresh_token;
tokens = data(await api.POST("/api/v1/auth/refresh", { body: { refresh_token } }));
assert.notEqual(tokens.refresh_token, refresh_token);

for (const title of ["One", "Two", "Three"]) {
  data(await api.POST("/api/v1/tasks", { ...bearer(), body: { title } }));
}
const titles: string[] = [];
let cursor: string | null = null;
do {
  const query: { limit: number; cursor?: string } = cursor === null ? { limit: 2 } : { limit: 2, cursor };
  const page: components["schemas"]["TaskPage"] = data(await api.GET("/api/v1/tasks", { ...bearer(), params: { query } }));
  titles.push(...page.items.map((task) => task.title));
  cursor = page.next_cursor;
} while (cursor !== null);
assert.deepEqual(titles, ["One", "Two", "Three"]);

// Errors have types, too.
const refused = await api.POST("/api/v1/users", { body: { email: "nobody", password } });
assert.equal(refused.response.status, 422);
assert.equal(refused.error?.errors?.[0]?.code, "invalid_email");

const out = await api.POST("/api/v1/auth/logout", bearer());
assert.equal(out.response.status, 204);
const gone = await api.GET("/api/v1/users/me", bearer());
assert.equal(gone.error?.code, "invalid_token");
