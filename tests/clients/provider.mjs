// Signs in by an OpenID provider that nobody here wrote (npm's oidc-provider), as a browser would, and links an account there.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import Provider from 'oidc-provider';

const hexauth = process.env.HEXAUTH_URL;
const port = Number(process.env.HEXAUTH_PROVIDER_PORT);
const issuer = `http://127.0.0.1:${port}`;
const returnTo = process.env.HEXAUTH_RETURN_TO;

const provider = new Provider(issuer, {
    clients: [
        {
            client_id: 'hexauth',
            client_secret: 'not a secret, and / not plain',
            redirect_uris: [`${hexauth}/api/v1/auth/providers/honest/callback`],
        },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    cookies: { keys: ['a key of the tests'] },
    findAccount: (_, id) => ({
        accountId: id,
        claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true }),
    }),
});
const server = provider.listen(port, '127.0.0.1');
await once(server, 'listening');

// A browser: a jar of cookies per origin, and no redirects but those that are followed here.
class Browser {
    jars = new Map();

    async request(url, options = {}) {
        const { origin } = new URL(url);
        const jar = this.jars.get(origin) ?? this.jars.set(origin, new Map()).get(origin);
        const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
        const response = await fetch(url, { ...options, redirect: 'manual', headers: { ...options.headers, cookie } });
        for (const line of response.headers.getSetCookie()) {
            const [name, value] = line.split(';')[0].split(/=(.*)/s);
            jar.set(name, value);
        }
        return response;
    }

    // Follows redirects and fills the provider's forms, until the app is reached. Returns what it got.
    async go(url, login) {
        for (let step = 0; step < 20; step += 1) {
            if (url.startsWith(returnTo)) {
                return new URL(url).searchParams;
            }
            let response = await this.request(url);
            if (response.status === 200) {
                const page = await response.text();
                const prompt = page.includes('value="login"') ? 'login' : 'consent';
                const body = new URLSearchParams({ prompt, login, password: 'any' });
                response = await this.request(url, { method: 'POST', body });
            }
            assert.ok([302, 303].includes(response.status), `${response.status} of ${url}: ${await response.text()}`);
            url = new URL(response.headers.get('location'), url).href;
        }
        throw new Error('the app is not reached');
    }
}

async function post(path, body, token) {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    const response = await fetch(`${hexauth}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
}

async function get(path, token) {
    const response = await fetch(`${hexauth}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } });
    return response.json();
}

async function signIn(login, browser = new Browser()) {
    const verifier = randomBytes(32).toString('base64url');
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const query = new URLSearchParams({ return_to: returnTo, code_challenge: challenge });
    const landed = await browser.go(`${hexauth}/api/v1/auth/providers/honest/start?${query}`, login);
    assert.equal(landed.get('error'), null);
    const refused = await post('/auth/providers/exchange', { code: landed.get('code') });
    assert.equal(refused.body.code, 'invalid_one_time_token');
    const tokens = await post('/auth/providers/exchange', { code: landed.get('code'), code_verifier: verifier });
    assert.equal(tokens.status, 200, JSON.stringify(tokens.body));
    return tokens.body.access_token;
}

try {
    // Somebody new, twice, in one browser and in another.
    const browser = new Browser();
    const me = await get('/users/me', await signIn('grace', browser));
    assert.deepEqual([me.email, me.email_verified], ['grace@example.com', true]);
    assert.equal((await get('/users/me', await signIn('grace', browser))).id, me.id);
    const token = await signIn('grace');
    assert.equal((await get('/users/me', token)).id, me.id);

    // Another account there is linked, and signs in to the same account here.
    const started = await post('/users/me/identities/honest/start', { return_to: returnTo }, token);
    assert.equal(started.status, 200, JSON.stringify(started.body));
    const landed = await new Browser().go(started.body.url, 'hopper');
    const linked = await post('/users/me/identities', { code: landed.get('code') }, token);
    assert.equal(linked.status, 201, JSON.stringify(linked.body));
    assert.equal((await get('/users/me', await signIn('hopper'))).id, me.id);
    assert.equal((await get('/users/me/identities', token)).length, 2);
} finally {
    server.close();
    server.closeAllConnections();
}
