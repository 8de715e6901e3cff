// A certified OpenID provider (https://github.com/panva/node-oidc-provider) for tests: people and clients come from a
// file that is read anew each time, so that a test can change who someone is between two sign-ins.
import {readFileSync} from "node:fs";
import {pathToFileURL} from "node:url";

const [folder, seedFile, port] = process.argv.slice(2);
const {default: Provider} = await import(pathToFileURL(`${folder}/lib/index.js`));
const seed = () => JSON.parse(readFileSync(seedFile, "utf8"));

const provider = new Provider(`http://localhost:${port}`, {
  clients: seed().clients,
  claims: {openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "preferred_username"], groups: ["groups"]},
  scopes: ["openid", "email", "profile", "groups"],
  conformIdTokenClaims: true,
  cookies: {keys: ["only for tests"]},
  pkce: {required: () => true},
  features: {devInteractions: {enabled: true}, rpInitiatedLogout: {enabled: true}, backchannelLogout: {enabled: true}},
  async findAccount(_ctx, id) {
    return {accountId: id, claims: async () => ({sub: id, ...seed().people[id]})};
  },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
