"""Calls the command API through a client that zeep makes from its WSDL. Arguments: WSDL address, CA file, caller, key, SOAP version, order
as JSON. Prints one JSON line an outcome."""

import json
import sys

import requests
import zeep
from zeep.wsse.username import UsernameToken

wsdl, ca, caller, key, version, order = sys.argv[1:7]
session = requests.Session()
session.verify = ca
session.trust_env = False  # a bundle named in the environment would be used instead


def client(secret):
    made = zeep.Client(wsdl, transport=zeep.Transport(session=session), wsse=UsernameToken(caller, secret))
    port = "CommandsSoap12" if version == "1.2" else "CommandsSoap11"
    binding = "{urn:sluice:commands:1}" + port
    # The WSDL names the public address; the test's server listens elsewhere.
    return made.create_service(binding, wsdl.split("?")[0])


def say(name, work):
    try:
        print(json.dumps({"call": name, "answer": zeep.helpers.serialize_object(work(), dict)}))
    except zeep.exceptions.Fault as fault:
        detail = {}
        if fault.detail is not None:
            problem = next(iter(fault.detail))
            detail = {child.tag.split("}")[1]: child.text for child in problem if len(child) == 0}
        print(json.dumps({"call": name, "fault": {"code": str(fault.code), "message": fault.message, "detail": detail}}))


order = json.loads(order)
service = client(key)
say("accept", lambda: service.AcceptOrder(idempotencyKey="soap-%s-1" % version, **order))
say("again", lambda: service.AcceptOrder(idempotencyKey="soap-%s-1" % version, **order))
say("total", lambda: service.AcceptOrder(idempotencyKey="soap-%s-2" % version, **{**order, "total": "0.01"}))
say("invalid", lambda: service.AcceptOrder(idempotencyKey="soap-%s-3" % version, **{**order, "currency": "pounds"}))
say("stock", lambda: service.GetLiveStock(skus=order["lines"][0]["sku"]))
say("stranger", lambda: client(key[:-1] + ("A" if key[-1] != "A" else "B")).GetLiveStock(skus=order["lines"][0]["sku"]))
