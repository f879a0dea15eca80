// A real OpenID provider on loopback, with a page to choose a card and faults that a test can switch on.
//
// Usage: node provider.mjs FILE, with {port, client, redirectUris, logoutUris, cards} as JSON.
// A fault changes the ID token after the provider made it, and signs it again with the provider's own key, so
// that the client meets it over HTTP exactly as it would meet a provider that errs or lies.
import { readFileSync } from 'node:fs';
import { generateKeyPair, exportJWK, importJWK, SignJWT, decodeJwt } from 'jose';
import Provider, { interactionPolicy } from 'oidc-provider';

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const issuer = `http://127.0.0.1:${config.port}`;

async function newKey(kid) {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, use: 'sig', alg: 'RS256' };
}
const key = await newKey('first');
const stranger = await newKey('first'); // the same name, another key
// What a test may have published in the keys' place, by name; any other object is published as it is.
const published = ({ kty, n, e, kid, use, alg }) => ({ kty, n, e, kid, use, alg });
const byName = {
  first: published(key),
  stranger: published(stranger),
  'stranger, unnamed': { ...published(stranger), kid: undefined },
};
let fault = {}; // kind, claims to put in, claims to leave out; see the tests

// A provider that gives what it has and leaves the judgement of its strength to the client.
const policy = interactionPolicy.base();
policy.get('login').checks.remove('essential_acrs');

const provider = new Provider(issuer, {
  jwks: { keys: [key] },
  clients: [{
    client_id: config.client.id,
    client_secret: config.client.secret,
    redirect_uris: config.redirectUris,
    post_logout_redirect_uris: config.logoutUris,
    response_types: ['code'],
    grant_types: ['authorization_code'],
  }],
  claims: { openid: ['sub'], hsa: ['employeeHsaId'] },
  scopes: ['openid'],
  acrValues: Object.values(config.cards).map((card) => card.acr),
  features: {
    claimsParameter: { enabled: true },
    devInteractions: { enabled: false },
    rpInitiatedLogout: { enabled: true },
  },
  pkce: { required: () => true, methods: ['S256'] },
  cookies: { keys: ['only for tests'] },
  ttl: { AccessToken: 60, AuthorizationCode: 60, IdToken: 300, Grant: 600, Interaction: 600, Session: 600 },
  interactions: { policy, url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => {
      const { hsaId } = config.cards[id];
      return hsaId === null ? { sub: id } : { sub: id, employeeHsaId: hsaId };
    },
  }),
  // Nobody is asked whether to let the tool know: a card says yes.
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope('openid');
    grant.addOIDCClaims(['employeeHsaId', 'acr']);
    await grant.save();
    return grant;
  },
});
async function forged(token) {
  let claims = { ...decodeJwt(token), ...(fault.claims ?? {}) };
  for (const name of fault.without ?? []) delete claims[name];
  if (fault.kind === 'unsigned') {
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`;
  }
  if (fault.kind === 'shared-secret') {
    return new SignJWT(claims).setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(config.client.secret));
  }
  const used = fault.kind === 'stranger' ? stranger : key;
  const named = fault.unnamed ? {} : { kid: used.kid };
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', ...named })
    .sign(await importJWK(used, 'RS256'));
}

provider.use(async (ctx, next) => {
  if (ctx.path === '/test/fault') {
    fault = JSON.parse(decodeURIComponent(ctx.querystring) || '{}');
    ctx.body = 'ok';
    return;
  }
  if (fault.kind === 'broken' && ctx.path === (fault.path ?? '/token')) {
    ctx.status = fault.status ?? 503;
    ctx.body = fault.body ?? 'out of order';
    return;
  }
  if (fault.jwks && ctx.path === '/jwks') {
    ctx.body = { keys: fault.jwks.map((one) => byName[one] ?? one) };
    return;
  }
  if (fault.kind === 'slow' && ctx.path === (fault.path ?? '/token')) {
    await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
  }
  if (ctx.path.startsWith('/interaction/')) {
    const { prompt: asked } = await provider.interactionDetails(ctx.req, ctx.res);
    const card = ctx.query.card;
    if (!card) {
      const links = Object.keys(config.cards).map((id) => `<li><a href="?card=${id}">${id}</a></li>`);
      ctx.body = `<!doctype html><title>Choose a card</title><h1>${asked.name}</h1><ul>${links.join('')}</ul>`;
      ctx.type = 'html';
      return;
    }
    const result = card === 'cancel'
      ? { error: 'access_denied', error_description: 'cancelled by the person' }
      : { login: { accountId: card, acr: config.cards[card].acr, remember: true } };
    await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
    ctx.respond = false;
    return;
  }
  await next();
  if (ctx.path === '/token' && ctx.body?.id_token && (fault.claims || fault.without || fault.kind || fault.unnamed)) {
    ctx.body.id_token = await forged(ctx.body.id_token);
  }
});

provider.listen(config.port, '127.0.0.1', () => console.log(`listening on ${issuer}`));
