/** What went wrong with TLS, in words that say whose certificate it is. */

export interface TlsProblem {
  /** `refused`: the agent's side does not take ours. `unreachable`: we do not trust the agent's. */
  readonly code: 'unreachable' | 'refused';
  readonly message: string;
}

const UNTRUSTED =
  "the agent's certificate is not signed by an authority that is trusted here: give the authority's certificate as `ca`";

const OURS_OF_THEIRS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "the agent's certificate has expired: it must be renewed there",
  CERT_NOT_YET_VALID: "the agent's certificate is not valid yet: compare the clocks of both machines",
  CERT_REVOKED: "the agent's certificate was revoked",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "the agent's certificate is for another host name: use a name that it lists, or have one made for this name",
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  CERT_UNTRUSTED: UNTRUSTED,
  INVALID_CA: UNTRUSTED,
  INVALID_PURPOSE: "the agent's certificate is not meant for servers",
  EPROTO:
    'there is no TLS at this address, or none that both sides speak: is it http:// instead of https://?',
  ERR_SSL_WRONG_VERSION_NUMBER: 'there is no TLS at this address: is it http:// instead of https://?',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'there is no TLS at this address: is it http:// instead of https://?',
};

/** Alerts by which the other side says what it thinks of our certificate (RFC 8446, section 6). */
const ALERT =
  /alert (?:number )?(?:(bad certificate|unsupported certificate|certificate (?:revoked|expired|unknown|required)|unknown ca|access denied)|(4[2-9]|116))/i;

/** `undefined`: it is none of TLS. */
export function tlsProblem(error: unknown): TlsProblem | undefined {
  if (!(error instanceof Error)) return undefined;
  const alert = ALERT.exec(error.message);
  if (alert !== null) {
    const said = alert[1] ?? (alert[2] === '116' ? 'certificate required' : 'bad certificate');
    return {
      code: 'refused',
      message: `the agent's server does not accept our certificate ("${said.toLowerCase()}"): check \`cert\` and \`key\``,
    };
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const message = OURS_OF_THEIRS[code];
  if (message !== undefined) return { code: 'unreachable', message };
  return code.startsWith('ERR_SSL_') || code.startsWith('ERR_OSSL_') || code.startsWith('ERR_TLS_')
    ? { code: 'unreachable', message: `no TLS connection came about (${code})` }
    : undefined;
}
