import base64
import hashlib
import hmac
import json
import stat
from datetime import UTC, datetime, timedelta

import pytest

from hub import key_file
from hub.identity import tokens
from hub.identity.port import Binding, BindingKind, Caller, NotAuthenticated, Reason
from hub.identity.scopes import ALL, Scope
from hub.identity.tokens import SigningKey, TokenAuthenticator, TokenIssuer

AT = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
NOW = int(AT.timestamp())
NAMES = {"issuer": "urn:samverkan:hub", "audience": "urn:samverkan:hub"}
KEY = SigningKey(bytes(32))
OTHER_KEY = SigningKey(bytes([1] * 32))


def encode(raw):
    raw = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def header_of(**changes):
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": KEY.key_id} | changes
    return {name: value for name, value in header.items() if value is not ...}


def claims_of(**changes):
    claims = {
        "iss": "urn:samverkan:hub",
        "aud": "urn:samverkan:hub",
        "sub": "sd-farsta",
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 900,
        "jti": "abcdefghijklmnopqrstuv",
    } | changes
    return {name: value for name, value in claims.items() if value is not ...}


def sign(header=None, claims=None, key=KEY):
    """A token signed as it should be, whatever it says: only the check that a test is about can refuse it."""
    parts = (header_of() if header is None else header, claims_of() if claims is None else claims)
    body = ".".join(map(encode, parts))
    signature = key.key.get_op_key("sign").sign(body.encode())
    return f"{body}.{encode(signature)}"


def hmac_with_public_key():
    """The confusion of CVE-2022-29217: the public key taken for a shared secret."""
    body = f"{encode(header_of(alg='HS256'))}.{encode(claims_of())}"
    public = KEY.key.as_dict(private=False)["x"].encode()
    return f"{body}.{encode(hmac.digest(public, body.encode(), hashlib.sha256))}"


def with_claims_of_another(token):
    header, _, signature = token.split(".")
    return f"{header}.{encode(claims_of(sub='jt-sydost'))}.{signature}"


def with_flipped_signature(token):
    head, _, signature = token.rpartition(".")
    return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def with_other_last_letter(token):
    """Bits that base64url throws away: a lax reader takes both for the same signature."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + letters[letters.index(token[-1]) ^ 1]


GOOD = sign()
HEAD, PAYLOAD, SIGNATURE = GOOD.split(".")
DOUBLE_CLAIM = json.dumps(claims_of())[:-1] + ', "sub": "jt-sydost"}'
DOUBLE_HEADER = json.dumps(header_of(alg="none"))[:-1] + ', "alg": "Ed25519"}'

BAD_HEADERS = [
    (None, Reason.MISSING),
    ("", Reason.MISSING),
    ("Bearer", Reason.NOT_BEARER),
    ("Bearer ", Reason.NOT_BEARER),
    (GOOD, Reason.NOT_BEARER),
    (f"Basic {GOOD}", Reason.NOT_BEARER),
    (f"DPoP {GOOD}", Reason.BINDING),
    (f"Bearer  {GOOD}", Reason.MALFORMED),
    (f"Bearer {GOOD} ", Reason.MALFORMED),
    (f"Bearer {GOOD}\n", Reason.MALFORMED),
    (f"Bearer {GOOD}, Bearer {GOOD}", Reason.MALFORMED),
    (f"Bearer {GOOD}=", Reason.MALFORMED),
    (f"Bearer {'A' * 8193}", Reason.TOO_LARGE),
    (f"Bearer {GOOD}{'A' * 8193}", Reason.TOO_LARGE),
    ("Bearer a.b", Reason.MALFORMED),
    ("Bearer ...", Reason.MALFORMED),
    (f"Bearer {GOOD}.x.y", Reason.MALFORMED),
    (f"Bearer {HEAD}.{PAYLOAD}.", Reason.MALFORMED),
    (f"Bearer {HEAD}..{SIGNATURE}", Reason.MALFORMED),
    (f"Bearer {HEAD}==.{PAYLOAD}.{SIGNATURE}", Reason.MALFORMED),
    (f"Bearer {HEAD}.{PAYLOAD}+.{SIGNATURE}", Reason.MALFORMED),
    (f"Bearer {HEAD}.{PAYLOAD}.é{SIGNATURE}", Reason.MALFORMED),
    (f"Bearer {HEAD}.{PAYLOAD}.{SIGNATURE}AAA", Reason.MALFORMED),
    (f"Bearer {with_other_last_letter(GOOD)}", Reason.MALFORMED),
    (f"Bearer {encode(b'not json')}.{PAYLOAD}.{SIGNATURE}", Reason.MALFORMED),
    (f"Bearer {encode(b'[1]')}.{PAYLOAD}.{SIGNATURE}", Reason.MALFORMED),
    (f"Bearer {encode(b'[' * 3000)}.{PAYLOAD}.{SIGNATURE}", Reason.MALFORMED),
    (f"Bearer {encode(DOUBLE_HEADER.encode())}.{PAYLOAD}.{SIGNATURE}", Reason.MALFORMED),
    (f"Bearer {with_claims_of_another(GOOD)}", Reason.SIGNATURE),
    (f"Bearer {with_flipped_signature(GOOD)}", Reason.SIGNATURE),
    (f"Bearer {HEAD}.{PAYLOAD}.{encode(bytes(64))}", Reason.SIGNATURE),
    (f"Bearer {HEAD}.{PAYLOAD}.{SIGNATURE[:84]}", Reason.SIGNATURE),
    (f"Bearer {hmac_with_public_key()}", Reason.ALGORITHM),
    (f"Bearer {encode(header_of(alg='none'))}.{PAYLOAD}.{SIGNATURE}", Reason.ALGORITHM),
]
BAD_TOKENS = [
    (sign(header_of(alg="none")), Reason.ALGORITHM),
    (sign(header_of(alg="NONE")), Reason.ALGORITHM),
    (sign(header_of(alg="EdDSA")), Reason.ALGORITHM),
    (sign(header_of(alg="Ed448")), Reason.ALGORITHM),
    (sign(header_of(alg="RS256")), Reason.ALGORITHM),
    (sign(header_of(alg=["Ed25519"])), Reason.ALGORITHM),
    (sign(header_of(alg=...)), Reason.ALGORITHM),
    (sign(header_of(typ="JWT")), Reason.TYPE),
    (sign(header_of(typ="AT+JWT")), Reason.TYPE),
    (sign(header_of(typ=...)), Reason.TYPE),
    (sign(header_of(kid="other")), Reason.KEY),
    (sign(header_of(kid="../../../etc/passwd")), Reason.KEY),
    (sign(header_of(kid="' OR 1=1 --")), Reason.KEY),
    (sign(header_of(kid=...)), Reason.KEY),
    (sign(header_of(kid=7)), Reason.KEY),
    (sign(header_of(jku="https://evil.example/keys")), Reason.HEADER),
    (sign(header_of(x5u="https://evil.example/cert")), Reason.HEADER),
    (sign(header_of(x5c=["MIIB"])), Reason.HEADER),
    (sign(header_of(jwk=OTHER_KEY.key.as_dict(private=False)), key=OTHER_KEY), Reason.HEADER),
    (sign(header_of(crit=["exp"])), Reason.HEADER),
    (sign(header_of(crit=["b64"], b64=False)), Reason.HEADER),
    (sign(header_of(cty="JWT")), Reason.HEADER),
    (sign(header_of(zip="DEF")), Reason.HEADER),
    (sign(key=OTHER_KEY), Reason.SIGNATURE),
    (sign(claims=b"not json"), Reason.MALFORMED),
    (sign(claims=b"[1]"), Reason.MALFORMED),
    (sign(claims=DOUBLE_CLAIM.encode()), Reason.MALFORMED),
    (sign(claims=claims_of(iss="urn:other:hub")), Reason.ISSUER),
    (sign(claims=claims_of(iss="urn:samverkan:hub/")), Reason.ISSUER),
    (sign(claims=claims_of(iss=["urn:samverkan:hub"])), Reason.ISSUER),
    (sign(claims=claims_of(iss=...)), Reason.ISSUER),
    (sign(claims=claims_of(aud="urn:other:hub")), Reason.AUDIENCE),
    (sign(claims=claims_of(aud=["urn:other:hub"])), Reason.AUDIENCE),
    (sign(claims=claims_of(aud=[])), Reason.AUDIENCE),
    (sign(claims=claims_of(aud=...)), Reason.AUDIENCE),
    (sign(claims=claims_of(exp=...)), Reason.CLAIMS),
    (sign(claims=claims_of(exp=str(NOW + 900))), Reason.CLAIMS),
    (sign(claims=claims_of(exp=NOW + 900.5)), Reason.CLAIMS),
    (sign(claims=claims_of(exp=True)), Reason.CLAIMS),
    (sign(claims=claims_of(exp=-1)), Reason.CLAIMS),
    (sign(claims=claims_of(exp=2**53 - 1)), Reason.CLAIMS),
    (sign(claims=claims_of(iat=...)), Reason.CLAIMS),
    (sign(claims=claims_of(nbf=...)), Reason.CLAIMS),
    (sign(claims=claims_of(nbf=None)), Reason.CLAIMS),
    (sign(claims=claims_of(sub=...)), Reason.CLAIMS),
    (sign(claims=claims_of(sub="")), Reason.CLAIMS),
    (sign(claims=claims_of(sub="SD-Farsta")), Reason.CLAIMS),
    (sign(claims=claims_of(sub="sd-farsta\n")), Reason.CLAIMS),
    (sign(claims=claims_of(sub="sd-farsta/../jt-sydost")), Reason.CLAIMS),
    (sign(claims=claims_of(sub=["sd-farsta"])), Reason.CLAIMS),
    (sign(claims=claims_of(sub="a" * 65)), Reason.CLAIMS),
    (sign(claims=claims_of(scope=["inbox:read"])), Reason.CLAIMS),
    (sign(claims=claims_of(cnf={})), Reason.CLAIMS),
    (sign(claims=claims_of(cnf="x")), Reason.CLAIMS),
    (sign(claims=claims_of(cnf={"jwk": {}})), Reason.CLAIMS),
    (sign(claims=claims_of(cnf={"jkt": 7})), Reason.CLAIMS),
    (sign(claims=claims_of(cnf={"jkt": "a", "x5t#S256": "b"})), Reason.CLAIMS),
    (sign(claims=claims_of(cnf={"jkt": "a"})), Reason.BINDING),
    (sign(claims=claims_of(jti=...)), Reason.CLAIMS),
    (sign(claims=claims_of(jti="short")), Reason.CLAIMS),
    (sign(claims=claims_of(exp=NOW)), Reason.LIFETIME),
    (sign(claims=claims_of(exp=NOW + 3601)), Reason.LIFETIME),
    (sign(claims=claims_of(iat=NOW - 1, exp=NOW + 3600)), Reason.LIFETIME),
    (sign(claims=claims_of(iat=NOW - 960, nbf=NOW - 960, exp=NOW - 60)), Reason.EXPIRED),
    (sign(claims=claims_of(iat=NOW - 3600, nbf=NOW - 3600, exp=NOW - 100)), Reason.EXPIRED),
    (sign(claims=claims_of(nbf=NOW + 61)), Reason.NOT_YET_VALID),
    (sign(claims=claims_of(iat=NOW + 61)), Reason.NOT_YET_VALID),
]


@pytest.fixture
def authenticator():
    return TokenAuthenticator(KEY, **NAMES)


@pytest.fixture
def issuer():
    return TokenIssuer(KEY, **NAMES)


def refusal(authenticator, header, at=AT):
    with pytest.raises(NotAuthenticated) as refused:
        authenticator.authenticate(header, at)
    return refused.value


def test_an_issued_token_names_its_unit(issuer, authenticator):
    caller = authenticator.authenticate(f"Bearer {issuer.issue('sd-farsta', timedelta(minutes=15), AT)}", AT)
    assert caller == Caller("sd-farsta", caller.token_id, AT + timedelta(minutes=15), ALL)


def test_the_good_token_of_this_file_is_good(authenticator):
    """Otherwise the table below would prove nothing."""
    assert authenticator.authenticate(f"Bearer {GOOD}", AT).unit_id == "sd-farsta"


def test_an_issued_token_has_the_claims_of_rfc_9068(issuer):
    header, payload, _ = issuer.issue("sd-farsta", timedelta(seconds=900), AT).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == header_of()
    assert claims == claims_of(jti=claims["jti"], client_id="sd-farsta", scope=" ".join(sorted(ALL)))


def test_a_token_opens_what_was_asked_for_and_an_old_one_without_scopes_nothing(issuer, authenticator):
    token = issuer.issue("sd-farsta", timedelta(minutes=5), AT, scopes=frozenset({Scope.INBOX_READ}))
    assert authenticator.authenticate(f"Bearer {token}", AT).scopes == {"inbox:read"}
    assert authenticator.authenticate(f"Bearer {GOOD}", AT).scopes == set()


def test_a_bound_token_names_its_holder_and_is_no_bearer_token(issuer, authenticator):
    key, certificate = Binding(BindingKind.KEY, "k" * 43), Binding(BindingKind.CERTIFICATE, "c" * 43)
    bound = issuer.issue("sd-farsta", timedelta(minutes=5), AT, binding=key)
    assert authenticator.authenticate(f"DPoP {bound}", AT).binding == key
    assert refusal(authenticator, f"Bearer {bound}").reason is Reason.BINDING
    with_certificate = issuer.issue("sd-farsta", timedelta(minutes=5), AT, binding=certificate)
    assert authenticator.authenticate(f"Bearer {with_certificate}", AT).binding == certificate
    assert refusal(authenticator, f"DPoP {with_certificate}").reason is Reason.BINDING


def test_every_token_has_its_own_id(issuer, authenticator):
    callers = [
        authenticator.authenticate(f"Bearer {issuer.issue('sd-farsta', timedelta(hours=1), AT)}", AT) for _ in range(20)
    ]
    assert len({caller.token_id for caller in callers}) == 20


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(authenticator, scheme):
    assert authenticator.authenticate(f"{scheme} {GOOD}", AT).unit_id == "sd-farsta"


@pytest.mark.parametrize(("header", "reason"), BAD_HEADERS)
def test_refuses_a_bad_header(authenticator, header, reason):
    assert refusal(authenticator, header).reason is reason


@pytest.mark.parametrize(("token", "reason"), BAD_TOKENS)
def test_refuses_a_bad_token(authenticator, token, reason):
    assert refusal(authenticator, f"Bearer {token}").reason is reason


# What a unit's token cannot be refused for.
OF_PEOPLE = {Reason.NOT_STAFF, Reason.NOT_A_UNIT, Reason.UNKNOWN_STAFF, Reason.NO_SESSION, Reason.SESSION_OVER}
# What a call shows beside its token.
OF_CALLS = {Reason.NOT_BOUND, Reason.PROOF}


def test_the_tables_use_every_reason():
    assert len(BAD_HEADERS) + len(BAD_TOKENS) >= 60
    assert {reason for _, reason in BAD_HEADERS + BAD_TOKENS} == set(Reason) - OF_PEOPLE - OF_CALLS


def test_a_refused_token_is_refused_again(authenticator):
    for _ in range(2):
        assert refusal(authenticator, f"Bearer {with_flipped_signature(GOOD)}").reason is Reason.SIGNATURE


def test_a_refusal_shows_nothing_of_the_token(authenticator):
    text = str(refusal(authenticator, f"Bearer {with_flipped_signature(GOOD)}"))
    assert text == "signature"


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize(("seconds", "valid"), [(-61, False), (-60, True), (0, True), (959, True), (960, False)])
def test_times_count_with_a_minute_between_the_clocks(authenticator, cached, seconds, valid):
    if cached:
        authenticator.authenticate(f"Bearer {GOOD}", AT)
    at = AT + timedelta(seconds=seconds)
    if valid:
        assert authenticator.authenticate(f"Bearer {GOOD}", at).unit_id == "sd-farsta"
    else:
        expected = Reason.EXPIRED if seconds > 0 else Reason.NOT_YET_VALID
        assert refusal(authenticator, f"Bearer {GOOD}", at).reason is expected


def test_a_token_seen_before_costs_no_signature(authenticator, monkeypatch):
    first = authenticator.authenticate(f"Bearer {GOOD}", AT)
    monkeypatch.setattr(tokens.jwt, "decode", None)
    assert authenticator.authenticate(f"Bearer {GOOD}", AT) is first


def test_the_memory_for_tokens_is_bounded(authenticator, issuer, monkeypatch):
    monkeypatch.setattr(tokens, "_TOKENS_KEPT", 3)
    for _ in range(10):
        authenticator.authenticate(f"Bearer {issuer.issue('sd-farsta', timedelta(hours=1), AT)}", AT)
    assert len(authenticator._known) == 3


def test_a_refused_token_is_not_remembered(authenticator):
    refusal(authenticator, f"Bearer {GOOD}", AT + timedelta(hours=2))
    assert not authenticator._known


@pytest.mark.parametrize("ttl", [timedelta(0), timedelta(seconds=-1), timedelta(hours=1, seconds=1), timedelta(days=1)])
def test_no_token_lives_longer_than_an_hour_or_not_at_all(issuer, ttl):
    with pytest.raises(ValueError, match="from 1 to 3600 seconds"):
        issuer.issue("sd-farsta", ttl, AT)


def test_the_operator_can_shorten_the_longest_life():
    with pytest.raises(ValueError, match="from 1 to 600 seconds"):
        TokenIssuer(KEY, **NAMES, ttl_max=timedelta(minutes=10)).issue("sd-farsta", timedelta(hours=1), AT)


def test_the_operator_cannot_lengthen_it():
    with pytest.raises(ValueError, match="from 1 to 3600 seconds"):
        TokenIssuer(KEY, **NAMES, ttl_max=timedelta(days=1)).issue("sd-farsta", timedelta(hours=2), AT)


@pytest.mark.parametrize("unit_id", ["", "SD", "sd farsta", "sd--farsta", "-sd", "199001012385é"])
def test_issues_only_to_what_can_be_a_unit(issuer, unit_id):
    with pytest.raises(ValueError, match="unit id"):
        issuer.issue(unit_id, timedelta(minutes=1), AT)


def test_the_signing_key_is_kept_in_a_file_of_its_own(tmp_path):
    path = tmp_path / "token.key"
    made = SigningKey.open(path, create=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert SigningKey.open(path, create=False).key_id == made.key_id
    assert SigningKey.open(tmp_path / "other.key", create=True).key_id != made.key_id


def test_a_missing_signing_key_is_not_made_anew(tmp_path):
    with pytest.raises(key_file.KeyLocked, match="missing"):
        SigningKey.open(tmp_path / "token.key", create=False)
