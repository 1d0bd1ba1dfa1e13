"""What an authority does to a running stack with local.secure (scripts/secure.sh): certificates of a new authority, and the broker's
stores of keys and of what it trusts."""

import os
import subprocess


def run(*command, folder):
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} {command[1]}: {done.stderr.strip()[-300:]}")


class LocalAuthority:
    """A second authority in the folder of certificates."""

    CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")

    def __init__(self, secure):
        self.secure = secure
        run("openssl", "req", "-x509", *self.CURVE, "-days", 30, "-subj", "/CN=the next authority", "-keyout", "next.key", "-out", "next.pem",
            folder=secure)

    def issue(self, name, subject):
        """NAME.pem and NAME.key are replaced, the key first: whoever looks in between finds two that do not fit."""
        run("openssl", "req", *self.CURVE, "-subj", f"/CN={subject}", "-keyout", "fresh.key", "-out", "fresh.csr", folder=self.secure)
        (self.secure / "fresh.ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        run("openssl", "x509", "-req", "-in", "fresh.csr", "-CA", "next.pem", "-CAkey", "next.key", "-CAcreateserial", "-days", 30,
            "-extfile", "fresh.ext", "-out", "fresh.pem", folder=self.secure)
        os.replace(self.secure / "fresh.key", self.secure / f"{name}.key")
        os.replace(self.secure / "fresh.pem", self.secure / f"{name}.pem")

    def clients_trust_both(self):
        both = (self.secure / "ca.pem").read_text() + (self.secure / "next.pem").read_text()
        (self.secure / "both.pem").write_text(both)
        os.replace(self.secure / "both.pem", self.secure / "ca.pem")

    def broker_trusts(self, *certificates):
        (self.secure / "trust.p12").unlink()
        for number, file in enumerate(certificates):
            run("keytool", "-importcert", "-noprompt", "-alias", f"ca{number}", "-file", file, "-storetype", "PKCS12", "-storepass:file",
                "store.password", "-keystore", "trust.p12", folder=self.secure)

    def broker_shows_its_certificate(self, name="broker"):
        run("openssl", "pkcs12", "-export", "-in", f"{name}.pem", "-inkey", f"{name}.key", "-name", name, "-passout", "file:store.password",
            "-out", f"{name}.p12", folder=self.secure)
