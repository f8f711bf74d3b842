"""python-tds: one line `check=result` per check. Arguments: port, plain or tls. Password: CLIENT_PASSWORD."""

import decimal
import os
import sys

import pytds

if sys.argv[2] == "tls":
    import OpenSSL.SSL
    import pytds.tls

    def trusting_context(cafile):
        """The certificate of a server that signs for itself is trusted as it is."""
        context = OpenSSL.SSL.Context(OpenSSL.SSL.TLS_METHOD)
        context.set_verify(OpenSSL.SSL.VERIFY_NONE, lambda *_: True)
        return context

    pytds.tls.create_context = trusting_context


def say(check, result):
    print(f"{check}={result}", flush=True)


def connect(password):
    encryption = {"cafile": "any", "validate_host": False} if sys.argv[2] == "tls" else {}
    return pytds.connect(
        dsn="127.0.0.1", port=int(sys.argv[1]), user="sa", password=password, database="Depot", autocommit=True, **encryption
    )


def one(cursor, text):
    cursor.execute(text)
    return cursor.fetchall()[0][0]


def error(cursor, check, text):
    try:
        cursor.execute(text)
        say(check, "no error")
    except pytds.Error as refused:
        say(check, refused.number)


connection = connect(os.environ["CLIENT_PASSWORD"])
cursor = connection.cursor()
say("encrypted", one(cursor, "SELECT encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID"))

# Python's datetime has microseconds only: the text shows that all seven digits are there.
cursor.execute(
    "SELECT ParcelId, Label, WeightKg, CONVERT(varchar(27), Sent, 121), Mark, Payload, Serial FROM dbo.Parcel WHERE ParcelId = 1"
)
(number, label, weight, sent, mark, payload, serial), = cursor.fetchall()
say("query", f"{number}|{label}|{weight}|{sent}|{str(mark).upper()}|{payload.hex()}|{serial}")

cursor.execute(
    "SELECT CONVERT(nvarchar(20), %s + 1), %s, CONVERT(nvarchar(40), %s), %s, CONVERT(nvarchar(10), %s)",
    (3, "é☂", decimal.Decimal("-12345678901234567890.1234"), pytds.Binary(b"\x00\xff"), None),
)
(sum_, text, exact, raw, nothing), = cursor.fetchall()
say("parameters", f"{sum_}|{text}|{exact}|{raw.hex()}|{'null' if nothing is None else nothing}")

found = pytds.output(param_type="int")
heaviest = pytds.output(param_type="nvarchar(40)")
outputs = cursor.callproc("dbo.CountHeavy", (decimal.Decimal("0.5"), found, heaviest))
while cursor.nextset():
    pass
returned = cursor.get_proc_return_status()
say("procedure", f"{returned}|{outputs[1]}|{outputs[2]}")

parcels = pytds.TableValuedParam(
    "dbo.ParcelWeights",
    [
        pytds.Column(type=pytds.tds_types.IntType()),
        pytds.Column(type=pytds.tds_types.DecimalType(precision=12, scale=3)),
        pytds.Column(type=pytds.tds_types.NVarCharType(size=40)),
    ],
    [(1, decimal.Decimal("1.125"), "a"), (2, decimal.Decimal("2.250"), "ż"), (3, None, None)],
)
cursor.callproc("dbo.SumWeights", (parcels,))
(count, weight, label), = cursor.fetchall()
say("table", f"{count}|{weight}|{label}")

count_text = "SELECT COUNT(*) FROM dbo.Parcel WHERE ParcelId = 900"
insert = "INSERT INTO dbo.Parcel (ParcelId, Label) VALUES (900, N'pytds')"
connection.autocommit = False
cursor.execute(insert)
changed = cursor.rowcount
connection.rollback()
after_rollback = one(cursor, count_text)
cursor.execute(insert)
connection.commit()
after_commit = one(cursor, count_text)
cursor.execute("DELETE FROM dbo.Parcel WHERE ParcelId = 900")
connection.commit()
connection.autocommit = True
say("transaction", f"{changed}|{after_rollback}|{after_commit}")

error(cursor, "duplicate", "INSERT INTO dbo.Parcel (ParcelId, Label) VALUES (1, N'again')")
error(cursor, "raised", "EXEC dbo.Refuse N'not today'")
say("usable", one(cursor, "SELECT 1"))
connection.close()
try:
    connect("wrong")
    say("login", "no error")
except pytds.DatabaseError as refused:
    say("login", refused.number)
