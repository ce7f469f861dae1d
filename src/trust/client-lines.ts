/** Lines to copy for each client: how it signs with the log, and how it verifies with the files alone. */

/** Where things are. */
export interface ClientScene {
  /** URL of the log. */
  readonly url: string;
  /** Folder of the files, as the reader would write it. */
  readonly folder: string;
  readonly hasCertificateAuthority: boolean;
  readonly hasTimestampAuthority: boolean;
}

/** The lines of one client. */
export interface ClientLines {
  readonly client: string;
  readonly lines: readonly string[];
}

/** Returns the lines, in the order in which clients are used most. Words that the reader must replace are in capitals. */
export function clientLines(scene: ClientScene): readonly ClientLines[] {
  const file = (name: string) => shellWord(`${scene.folder}/${name}`);
  const files: Files = {
    root: file('trusted-root.json'),
    config: file('signing-config.json'),
    both: file('client-trust-config.json'),
    key: file('log.pub'),
  };
  return [
    { client: 'cosign 3', lines: cosign(scene, files) },
    { client: 'sigstore-python 4', lines: sigstorePython(files) },
    {
      client: 'sigstore-js (@sigstore/protobuf-specs 0.5, sign 4, verify 3)',
      lines: sigstoreJs(scene),
    },
    { client: 'sigstore-go', lines: sigstoreGo(scene) },
    { client: 'rekor-cli', lines: rekorCli(scene) },
    {
      client: 'stele',
      lines: [`stele verify --trusted-root ${files.root} --artifact FILE FILE.sigstore.json`],
    },
  ];
}

interface Files {
  readonly root: string;
  readonly config: string;
  readonly both: string;
  readonly key: string;
}

const IDENTITY = '--certificate-identity NAME --certificate-oidc-issuer ISSUER';

function cosign(scene: ClientScene, { root, config }: Files): readonly string[] {
  const bundle = '--bundle FILE.sigstore.json FILE';
  // A bundle of the v2 API has no time but that of the timestamp authority.
  const time = scene.hasTimestampAuthority ? ' --use-signed-timestamps' : '';
  const sign = `cosign sign-blob --signing-config ${config} --trusted-root ${root}`;
  const verify = `cosign verify-blob --trusted-root ${root}${time}`;
  const withKey = [`${sign} --key cosign.key ${bundle}`, `${verify} --key cosign.pub ${bundle}`];
  if (!scene.hasCertificateAuthority) return withKey;
  return [`${sign} ${bundle}`, `${verify} ${IDENTITY} ${bundle}`, ...withKey];
}

function sigstorePython({ both }: Files): readonly string[] {
  return [
    `sigstore --trust-config ${both} sign FILE`,
    `sigstore --trust-config ${both} verify identity --cert-identity NAME --cert-oidc-issuer ISSUER FILE`,
  ];
}

function sigstoreJs(scene: ClientScene): readonly string[] {
  const read = (name: string) =>
    `JSON.parse(readFileSync(${JSON.stringify(`${scene.folder}/${name}`)}, 'utf8'))`;
  return [
    `const config = SigningConfig.fromJSON(${read('signing-config.json')});`,
    "const builder = bundleBuilderFromSigningConfig({ signingConfig: config, identityProvider, bundleType: 'messageSignature' });",
    'const bundle = await builder.create({ data: readFileSync(FILE) });',
    `const root = TrustedRoot.fromJSON(${read('trusted-root.json')});`,
    'new Verifier(toTrustMaterial(root)).verify(toSignedEntity(bundle, readFileSync(FILE)));',
  ];
}

function sigstoreGo({ folder }: ClientScene): readonly string[] {
  const path = (name: string) => JSON.stringify(`${folder}/${name}`);
  return [
    `config, err := root.NewSigningConfigFromPath(${path('signing-config.json')})`,
    'logs, err := root.SelectServices(config.RekorLogURLs(), config.RekorLogURLsConfig(), sign.RekorAPIVersions, time.Now())',
    'log := sign.NewRekor(&sign.RekorOptions{BaseURL: logs[0].URL, Version: logs[0].MajorAPIVersion})',
    `trusted, err := root.NewTrustedRootFromPath(${path('trusted-root.json')})`,
    'verifier, err := verify.NewVerifier(trusted, verify.WithTransparencyLog(1), verify.WithObserverTimestamps(1))',
  ];
}

function rekorCli({ url }: ClientScene): readonly string[] {
  const line = (command: string) =>
    `rekor-cli --rekor_server ${shellWord(url)} ${command} --artifact FILE --signature FILE.sig --pki-format x509 --public-key KEY.pub`;
  return [line('upload'), line('verify')];
}

/** What a shell reads as it stands is left as it is. */
function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
