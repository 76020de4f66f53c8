#!/usr/bin/env python3
"""Makes the certificates of the tests anew (needs python3-cryptography). Their keys are public: they protect nothing."""
import datetime
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

here = pathlib.Path(__file__).parent
EARLY, LATE = datetime.datetime(2020, 1, 1), datetime.datetime(2120, 1, 1)


def new_key(name, password=None):
    key = ec.generate_private_key(ec.SECP256R1())
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    (here / name).write_bytes(pem)
    (here / name).chmod(0o600)
    return key


def subject(common, organization="Example"):
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
                      x509.NameAttribute(NameOID.COMMON_NAME, common)])


def certificate(key, common, names=(), issuer=None, authority=False, start=EARLY, end=LATE, raw_names=None,
                usage=(ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)):
    name = subject(common)
    issuer_name, issuer_key = issuer or (name, key)
    b = (x509.CertificateBuilder().subject_name(name).issuer_name(issuer_name).public_key(key.public_key())
         .serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(end)
         .add_extension(x509.BasicConstraints(authority, None), critical=True))
    if not authority:
        b = b.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
    if raw_names:
        b = b.add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), raw_names), critical=False)
    elif names:
        b = b.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
    return b.sign(issuer_key, hashes.SHA256())


def write(name, *certificates):
    (here / name).write_bytes(b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates))


authority_key = new_key("authority.key")
authority = certificate(authority_key, "Test Authority", authority=True)
write("authority.pem", authority)
issuer = (authority.subject, authority_key)

server_key = new_key("server.key")
write("server.pem", certificate(server_key, "mx.example.org", ["mx.example.org", "*.wild.example.org"], issuer))
other_key = new_key("other.key")
write("other.pem", certificate(other_key, "other.example.net", ["other.example.net"], issuer))
write("expired.pem", certificate(server_key, "mx.example.org", ["mx.example.org"], issuer,
                                 end=datetime.datetime(2021, 1, 1)))
write("future.pem", certificate(server_key, "mx.example.org", ["mx.example.org"], issuer,
                                start=datetime.datetime(2119, 1, 1)))
write("nameless.pem", certificate(server_key, "mx.example.org", [], issuer))
# The name mx.example.org\0.evil.example
nul = b"mx.example.org\0.evil.example"
write("nul.pem", certificate(server_key, "evil.example", issuer=issuer,
                             raw_names=bytes([0x30, len(nul) + 2, 0x82, len(nul)]) + nul))

client_key = new_key("client.key")
write("client.pem", certificate(client_key, "client.example.com", ["client.example.com"], issuer))
write("client-expired.pem", certificate(client_key, "client.example.com", issuer=issuer,
                                        end=datetime.datetime(2021, 1, 1)))
write("client-usage.pem", certificate(client_key, "client.example.com", issuer=issuer,
                                      usage=(ExtendedKeyUsageOID.SERVER_AUTH,)))
write("stranger.pem", certificate(client_key, "stranger.example.com", ["stranger.example.com"]))

# A chain of a dozen authorities between the root and the client.
above, links = issuer, []
for depth in range(12):
    link_key = ec.generate_private_key(ec.SECP256R1())
    link = certificate(link_key, f"Link {depth}", issuer=above, authority=True)
    links.insert(0, link)
    above = (link.subject, link_key)
write("client-deep.pem", certificate(client_key, "client.example.com", issuer=above), *links)

new_key("encrypted.key", b"secret")
text = (here / "server.pem").read_text().splitlines()
(here / "damaged.pem").write_text("\n".join(text[:3] + ["!!!"] + text[4:]) + "\n")
