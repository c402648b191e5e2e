"""An authority of our own for TLS: the hub's certificate, and agencies'."""

from __future__ import annotations

import base64
import hashlib
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PEM = serialization.Encoding.PEM
HOUR = timedelta(hours=1)


class Certificate:
    """A certificate with its key, as files that OpenSSL reads."""

    def __init__(self, folder: Path, name: str, issuer: Certificate | None = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - HOUR)
            .not_valid_after(now + HOUR)
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        )
        self.certificate = builder.sign(issuer.key if issuer else self.key, hashes.SHA256())
        self.pem = self.certificate.public_bytes(PEM).decode()
        self.cert_path, self.key_path = folder / f"{name}.cert.pem", folder / f"{name}.key.pem"
        self.cert_path.write_text(self.pem)
        format_, encryption = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self.key_path.write_bytes(self.key.private_bytes(PEM, format_, encryption))

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def thumbprint(self) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(self.der).digest()).rstrip(b"=").decode()


def client_context(authority: Certificate, shown: Certificate | None = None) -> ssl.SSLContext:
    """How a caller speaks TLS that trusts the authority, with a certificate of its own if it shows one."""
    context = ssl.create_default_context(cafile=str(authority.cert_path))
    if shown is not None:
        context.load_cert_chain(shown.cert_path, shown.key_path)
    return context
