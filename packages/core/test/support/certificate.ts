import { generateKeyPairSync, sign } from "node:crypto"

/** DER, as far as a certificate needs it (X.690). */
const der = (tag: number, ...parts: ReadonlyArray<Uint8Array>): Buffer => {
  const body = Buffer.concat(parts)
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

const sequence = (...parts: ReadonlyArray<Uint8Array>) => der(0x30, ...parts)
const integer = (value: number) => der(0x02, Buffer.from([value]))
const oid = (...bytes: ReadonlyArray<number>) => der(0x06, Buffer.from(bytes))
const octets = (content: Uint8Array) => der(0x04, content)

/** The start of a year, between 2000 and 2049. */
const time = (year: number) => der(0x17, Buffer.from(`${`${year}`.slice(2)}0101000000Z`))

const ecdsaWithSha256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02))

const name = (commonName: string) =>
  sequence(der(0x31, sequence(oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from(commonName)))))

const pem = (bytes: Uint8Array) =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(bytes).toString("base64")}\n-----END CERTIFICATE-----\n`

export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** A certificate that signs itself (RFC 5280), good for that name from the start of one year to that of another. */
export const selfSigned = (host: string, from: number, until: number): Certificate => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const validity = sequence(time(from), time(until))
  const subjectAltName = sequence(oid(0x55, 0x1d, 0x11), octets(sequence(der(0x82, Buffer.from(host)))))
  const tbs = sequence(
    der(0xa0, integer(2)),
    integer(1),
    ecdsaWithSha256,
    name(host),
    validity,
    name(host),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(subjectAltName))
  )
  const signature = der(0x03, Buffer.from([0]), sign("sha256", tbs, privateKey))
  return {
    cert: pem(sequence(tbs, ecdsaWithSha256, signature)),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString()
  }
}
