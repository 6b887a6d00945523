"""The certificates of lab 1: an authority, and what it vouches for.

The files have the names that Docker's own clients look for (``ca.pem``,
``cert.pem``, ``key.pem``), lie in one private folder (0700), and are readable by
their owner alone (0600).

Sources: https://docs.docker.com/engine/security/protect-access/ and RFC 5280.
"""

from __future__ import annotations

import ipaddress
import math
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .engines.base import Paths
from .errors import LabError
from .files import write
from .messages import _

__all__ = ["Authority", "Pair", "folder", "forget", "read", "read_pem"]

DAYS = 30
"""For how long a certificate holds unless another time is asked for, in days."""

_SERVER, _CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
_USAGES = {_SERVER: "server", _CLIENT: "client"}


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key: the paths of two PEM files, as daemon.json and curl want them."""

    cert: str
    key: str


class Authority:
    """A certificate authority (CA): it signs certificates, and its own is known to both sides.

    Parameters
    ----------
    folder: where its files are; made when it is not there.
    name: of the authority, as its certificate says it.

    An authority that is in the folder already is opened again; `cert` and `key` are the
    paths of its files.  Raises `LabError` when these cannot be read or written.
    """

    def __init__(self, folder: Path, name: str = "Docker API Lab") -> None:
        self.folder = folder
        self.cert, self.key = str(folder / "ca.pem"), str(folder / "ca-key.pem")
        if Path(self.cert).exists() and Path(self.key).exists():
            self._open()
        else:
            self._make(name)

    def _open(self) -> None:
        try:
            self._cert = x509.load_pem_x509_certificate(Path(self.cert).read_bytes())
            key = load_pem_private_key(Path(self.key).read_bytes(), None)
        except (OSError, ValueError) as error:
            raise _unreadable(self.cert) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != self._cert.public_key():
            raise _unreadable(self.cert)
        self._key = key

    def _make(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(name, name, self._key, DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
        )
        self._cert = builder.sign(self._key, hashes.SHA256())
        _write(Pair(self.cert, self.key), self._cert, self._key)

    def server(self, *names: str, days: int = DAYS, prefix: str = "server-") -> Pair:
        """Issue a server's certificate.

        Parameters
        ----------
        names: host names and IP addresses that clients will call the server by; they
            become the subject alternative names (SAN), which are all that a client looks at.
        days: for how long it holds; negative for one that expired so long ago.
        prefix: of the files' names: ``server-cert.pem`` and ``server-key.pem``.

        Raises `LabError` for no name at all, or one that no certificate can hold.
        """
        if not names:
            raise LabError(_("A server's certificate needs a name."), _('Give one or more, such as "localhost".'))
        san = x509.SubjectAlternativeName([_general_name(name) for name in names])
        return self._issue(names[0], _SERVER, days, prefix, san)

    def client(self, name: str, days: int = DAYS, prefix: str = "") -> Pair:
        """Issue a client's certificate.

        Parameters
        ----------
        name: who the client is (the common name, CN).
        days: as in `server`.
        prefix: of the files' names: ``cert.pem`` and ``key.pem``.

        Raises `LabError` for a name that no certificate can hold.
        """
        return self._issue(name, _CLIENT, days, prefix)

    def _issue(
        self,
        name: str,
        usage: x509.ObjectIdentifier,
        days: int,
        prefix: str,
        san: x509.SubjectAlternativeName | None = None,
    ) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self._cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        builder = (
            _builder(name, str(issuer), key, days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if san:
            builder = builder.add_extension(san, critical=False)
        pair = Pair(str(self.folder / f"{prefix}cert.pem"), str(self.folder / f"{prefix}key.pem"))
        _write(pair, builder.sign(self._key, hashes.SHA256()), key)
        return pair


def folder() -> Path:
    """Return the private folder for the learner's certificates: below ``.lab``, 0700."""
    place = Paths.find().state / "tls"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def forget() -> None:
    """Remove the learner's certificates and keys."""
    shutil.rmtree(folder())


def read(file: str) -> dict[str, str]:
    """Return what a certificate in a file says, in words: see `read_pem`.

    Raises `LabError` when the file holds none.
    """
    try:
        return read_pem(Path(file).read_bytes())
    except (OSError, ValueError) as error:
        raise _unreadable(file) from error


def read_pem(pem: bytes) -> dict[str, str]:
    """Return what a certificate says, in words: a pure reading, nothing is verified.

    Raises `ValueError` for what is no certificate.
    """
    cert = x509.load_pem_x509_certificate(pem)
    extensions = {extension.oid: extension.value for extension in cert.extensions}
    san = extensions.get(x509.SubjectAlternativeName.oid)
    usage = extensions.get(x509.ExtendedKeyUsage.oid)
    constraints = extensions.get(x509.BasicConstraints.oid)
    days = (cert.not_valid_after_utc - datetime.now(timezone.utc)) / timedelta(days=1)
    return {
        "subject": cert.subject.rfc4514_string(),
        "issuer": cert.issuer.rfc4514_string(),
        "names": ", ".join(str(n.value) for n in san) if isinstance(san, x509.SubjectAlternativeName) else "",
        "authority": "yes" if isinstance(constraints, x509.BasicConstraints) and constraints.ca else "no",
        "usage": ", ".join(_USAGES.get(u, u.dotted_string) for u in usage)
        if isinstance(usage, x509.ExtendedKeyUsage)
        else "",
        "valid": _("for {n} more days", n=math.ceil(days)) if days > 0 else _("expired"),
    }


def _builder(name: str, issuer: str, key: ec.EllipticCurvePrivateKey, days: int) -> x509.CertificateBuilder:
    now = datetime.now(timezone.utc)
    end = now + timedelta(days=days)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, end) - timedelta(days=1))  # a container's clock may be behind
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(text: str) -> x509.Name:
    try:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
    except (TypeError, ValueError) as error:
        raise LabError(
            _("{text!r} cannot be a name in a certificate: {why}.", text=text, why=str(error).rstrip(".")),
            _("Give a text of 1 to 64 characters."),
        ) from error


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        pass
    try:
        return x509.DNSName(text)
    except (TypeError, ValueError) as error:
        raise LabError(
            _("{text!r} is neither a host name nor an address.", text=text),
            _('Give names as clients write them, such as "localhost" or "127.0.0.1".'),
        ) from error


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(pair: Pair, cert: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    # PKCS 8 is what every TLS library reads: https://www.rfc-editor.org/rfc/rfc5958
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        Path(pair.cert).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file, content in ((pair.key, secret), (pair.cert, cert.public_bytes(Encoding.PEM))):
            write(Path(file), content, mode=0o600)
    except OSError as error:
        raise LabError(
            _("The file {file} cannot be written: {why}.", file=error.filename, why=error.strerror),
            _("Is the disk full, or the folder read-only?"),
        ) from error


def _unreadable(file: str) -> LabError:
    return LabError(
        _("{file} holds no certificate that can be used.", file=file),
        _("Remove the files in that folder and make them anew."),
    )
