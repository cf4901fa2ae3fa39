"""What the headers and first words of a mail betray: a daemon's report, an automatic reply, a list.

Signs only; what a report says is read elsewhere. Languages are those in which mail programs speak.
"""

from __future__ import annotations

import re
from email.message import Message
from typing import Final

from maild.reading.headers import header

_DAEMON: Final = re.compile(
    r"mailer[-_. ]?daemon|mail[-_. ]?daemon|post[-_]?master|mdaemon|majordomo-owner"
    r"|mail ?(?:delivery|deliver|administrator|router|gateway)|delivery (?:sub)?system"
    r"|system ?(?:administrator|attendant)|microsoft ?exchange|mail[-_. ]?system|non-?delivery"
    r"|mailadm|undeliver|smtp gateway|\bbounces?\b|no-?reply@sns\.|メール(?:配信|サーバ)|^<?>?$",
    re.IGNORECASE,
)
_SUBJECT: Final = re.compile(
    r"undeliver|un(?:able|successful) to (?:be )?(?:deliver|send)|return(?:ed|ing)? (?:mail|message|to sender|e-?mail)"
    r"|delivery (?:status|fail|notif|problem|report|error|has|incomplete|attempt|warning|delay)"
    r"|(?:mail|message|e-?mail) (?:delivery|system error|status|could not|can ?not|error|not delivered|undeliv)"
    r"|fail(?:ure|ed)? (?:notice|mail|delivery|to deliver)|failure.notice|delivery.failure"
    r"|could(?: ?n[o']t| not) (?:be )?(?:deliver|send)|not (?:be )?delivered|non-?delivery"
    r"|delayed (?:mail|delivery)|mail delayed|delay(?:ed)?\b.*(?:mail|message|deliver)"
    r"|warning.*(?:could not send|not delivered|delay)|nondeliverable|user unknown|unknown (?:user|address|recipient)"
    r"|mail ?box full|over quota|rejected|permanent (?:error|failure|delivery)|bounced?\b|mailer-daemon"
    r"|unzustellbar|unbestellbar|nicht zu(?:gestellt|stellbar)|zustell(?:ung|fehler|bar)|rücksendung"
    r"|non remis|non (?:délivr|distribu|remise)|échec (?:de |d['’])|retour à l['’]exp|message non"
    r"|onbestelbaar|niet (?:be|af)(?:steld|geleverd|zorgd)|bezorg(?:ing|en)|onbezorgbaar|teruggestuurd"
    r"|mancat[oa] (?:consegna|recapito)|non recapitat|no (?:se (?:ha )?p(?:udo|odido)|entregad|enviad)"
    r"|n[ãa]o (?:foi )?entreg|falha (?:na|de) entrega|error de entrega|devuelto|devolvid"
    r"|niedostarcz|zwrot|недостав|не достав|doručen|nedoruč|kézbesít|leverans|levering"
    r"|メールエラー|配信|送信でき|未達|届き?ません|エラーメール|宛先|戻り|退信|退回|投递|無法|无法|반송|전송 실패",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(
    r"(?:could|can|was|were|has|have|did|will)(?: ?n[o']t| not)(?: yet)?(?: been)?(?: be)?"
    r" (?:deliver|reach|sent|delivered|received)"
    r"|undeliver|delivery (?:to|of|has|failed|status|error|failure|attempt)|unable to (?:deliver|send|relay|complete)"
    r"|wasn't able to deliver|permanent(?:ly)? (?:fatal )?(?:error|fail)|fatal errors?|delivery errors?"
    r"|user (?:is )?unknown|unknown (?:user|recipient|address|local)|no such (?:user|mailbox|address|person)"
    r"|mail ?box (?:is )?(?:full|unavailable|not found)|over quota|quota exceeded|recipient (?:address )?rejected"
    r"|rejected by|(?<![\w.])[45]\d\d[ -](?:#?[45]\.\d+\.\d+|\S+ ?\S*)|invalid (?:recipient|address|mailbox)"
    r"|transcript of session|returned (?:mail|message|to)|did not reach|failure reasons?|failed"
    r"|not (?:listed|found) in|error occurred while (?:attempting|trying) to deliver"
    r"|nicht zugestellt|konnte nicht|unzustellbar|n['’]a pas pu|n['’]a pu être|non remis|échec"
    r"|niet (?:worden )?(?:af|be)(?:geleverd|zorgd|steld)|kon niet|non è stato possibile|no se pudo"
    r"|n[ãa]o (?:p[ôo]de|foi)|не может быть доставлено|не удалось"
    r"|送信できません|配信できません|失敗|エラー|存在しません|無法|无法|未能|실패",
    re.IGNORECASE,
)
_REPLYING: Final = re.compile(
    r"\s*(?:re|fwd?|aw|wg|antw?|tr|doorst|sv|vs|rif|r)\s*:", re.IGNORECASE
)
_AUTO_SUBJECT: Final = re.compile(
    r"^\s*(?:(?:re|aw|antw|sv|tr)\s*:\s*)?(?:\[?auto(?:matic|mated|matische?s?)?[- ]?(?:reply|response|antwoord"
    r"|antwort|abwesenheit|répon)|autoreply|autoresponse|out of (?:the )?office|abwesenheit|abwesend|afwezig"
    r"|réponse automatique|absence du bureau|absence\b|absent\b|vacation\b|respuesta autom|fuera de (?:la )?oficina"
    r"|risposta automatica|resposta autom|i am (?:away|out of)|away from|buiten kantoor|niet aanwezig|自動(?:返信|応答)"
    r"|不在|автоответ|poza biurem)|: ?(?:out of office|automatic reply|automatisch antwoord)",
    re.IGNORECASE,
)
_CHALLENGE: Final = re.compile(
    r"please confirm (?:your|that)|confirm(?:ation)? (?:of|required|your) (?:message|mail|e-?mail|delivery)"
    r"|verify (?:your|that you)|action required to deliver|challenge|spamarrest|boxbe|mailinblack"
    r"|waiting for (?:your )?(?:approval|verification)|human verification",
    re.IGNORECASE,
)
_AUTO_HEADERS: Final = (
    "x-autoreply",
    "x-auto-response",
    "x-autorespond",
    "x-autoresponder",
    "x-autoreply-from",
    "x-mail-autoreply",
    "x-vacation",
    "x-ms-exchange-inbox-rules-loop",
    "x-facebook-notify-autoreply",
)


def is_daemon(head: Message) -> bool:
    """Whether a mail system and not a person stands in From, or it names failed recipients itself."""
    if head.get("x-failed-recipients") is not None:
        return True
    sender = header(head, "from")
    if sender is None:
        return has_null_path(head) or _DAEMON.search(header(head, "sender") or "-") is not None
    return _DAEMON.search(sender) is not None


def is_robot(head: Message) -> bool:
    """Whether nobody reads what is answered to this sender."""
    return re.search(r"(?i)\bno[-_.]?reply|do-?not-?reply", header(head, "from") or "") is not None


def has_null_path(head: Message) -> bool:
    """Whether it came with the null sender (RFC 5321 section 4.5.5), as far as Return-Path tells."""
    path = (header(head, "return-path") or "").strip()
    return path == "<>" or "mailer-daemon" in path.lower()


def has_subject(head: Message) -> bool:
    """Whether its subject is that of a report, and not a person's answer to one."""
    subject = header(head, "subject") or ""
    return _SUBJECT.search(subject) is not None and _REPLYING.match(subject) is None


def has_words(words: str) -> bool:
    """Whether the first words speak of a mail that did not arrive."""
    return _WORDS.search(words[:8_000]) is not None


def is_auto_reply(head: Message) -> bool:
    """Whether a program answered: RFC 3834 section 5, and what was usual before it."""
    said = (header(head, "auto-submitted") or "").lower()
    if said.startswith("auto-replied") or any(head.get(one) is not None for one in _AUTO_HEADERS):
        return True
    precedence = (header(head, "precedence") or "").lower()
    return precedence in {"auto_reply", "auto-reply"}


def seems_auto_reply(head: Message) -> bool:
    """Whether its subject is that of an absence, or of a challenge to prove that one is a person."""
    subject = header(head, "subject") or ""
    sender = header(head, "from") or ""
    return (
        _AUTO_SUBJECT.search(subject) is not None
        or _CHALLENGE.search(f"{subject}\n{sender}") is not None
    )


def is_worth_reading(head: Message) -> bool:
    """Whether anything in the headers asks for a look into the body."""
    kind = (header(head, "content-type") or "").lower()
    return (
        kind.startswith(("multipart/report", "message/"))
        or is_daemon(head)
        or has_null_path(head)
        or has_subject(head)
        or is_auto_reply(head)
        or seems_auto_reply(head)
    )
