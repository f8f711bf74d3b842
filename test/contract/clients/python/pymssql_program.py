"""pymssql, that is FreeTDS' DB-Library: one line `check=result` per check. Arguments: port, plain or tls. Password: CLIENT_PASSWORD."""

import os
import sys

import pymssql


def say(check, result):
    print(f"{check}={result}", flush=True)


def connect(password):
    encryption = "require" if sys.argv[2] == "tls" else "off"
    return pymssql.connect(
        server="127.0.0.1",
        port=sys.argv[1],
        user="sa",
        password=password,
        database="Depot",
        tds_version="7.4",
        charset="UTF-8",
        encryption=encryption,
    )


def one(cursor, text):
    cursor.execute(text)
    return cursor.fetchall()[0][0]


def error(cursor, check, text):
    try:
        cursor.execute(text)
        say(check, "no error")
    except pymssql.Error as refused:
        say(check, refused.args[0])


connection = connect(os.environ["CLIENT_PASSWORD"])
cursor = connection.cursor()
say("encrypted", one(cursor, "SELECT encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID"))

# FreeTDS' own datetime2 has microseconds only: the text shows that all seven digits are there.
cursor.execute(
    "SELECT ParcelId, Label, WeightKg, CONVERT(varchar(27), Sent, 121), Mark, Payload, Serial FROM dbo.Parcel WHERE ParcelId = 1"
)
((number, label, weight, sent, mark, payload, serial),) = cursor.fetchall()
say("query", f"{number}|{label}|{weight}|{sent}|{str(mark).upper()}|{payload.hex()}|{serial}")

# The driver puts the values into the text.
cursor.execute(
    "SELECT CONVERT(nvarchar(20), %d + 1), %s, %s, %s, CONVERT(nvarchar(10), %s)",
    (3, "é☂", "-12345678901234567890.1234", b"\x00\xff", None),
)
((total, text, exact, raw, nothing),) = cursor.fetchall()
say("parameters", f"{total}|{text}|{exact}|{raw.hex()}|{'null' if nothing is None else nothing}")

outputs = cursor.callproc("dbo.CountHeavy", ("0.5", pymssql.output(int), pymssql.output(str)))
cursor.nextset()
say("procedure", f"{cursor.returnvalue}|{outputs[1]}|{outputs[2]}")

count_text = "SELECT COUNT(*) FROM dbo.Parcel WHERE ParcelId = 900"
insert = "INSERT INTO dbo.Parcel (ParcelId, Label) VALUES (900, N'pymssql')"
connection.rollback()
cursor.execute(insert)
changed = cursor.rowcount
connection.rollback()
after_rollback = one(cursor, count_text)
cursor.execute(insert)
connection.commit()
after_commit = one(cursor, count_text)
cursor.execute("DELETE FROM dbo.Parcel WHERE ParcelId = 900")
connection.commit()
say("transaction", f"{changed}|{after_rollback}|{after_commit}")

error(cursor, "duplicate", "INSERT INTO dbo.Parcel (ParcelId, Label) VALUES (1, N'again')")
error(cursor, "raised", "EXEC dbo.Refuse N'not today'")
say("usable", one(cursor, "SELECT 1"))
connection.close()
try:
    connect("wrong")
    say("login", "no error")
except pymssql.Error as refused:
    say("login", refused.args[0][0])
