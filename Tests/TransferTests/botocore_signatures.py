"""Writes requests of all shapes, and how botocore signs them, as JSON."""
import datetime
import json
import random
import sys
from unittest import mock
from urllib.parse import quote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

DATE = datetime.datetime(2013, 5, 24)
LETTERS = "abcXYZ019-._~ !$&'()*+,;=:@%#?[]\"<>\\^`{|}äß€🎾"


def text(most, letters=LETTERS):
    return "".join(random.choice(letters) for _ in range(random.randint(1, most)))


def encoded(pairs):
    return "&".join(f"{quote(name, safe='-._~')}={quote(value, safe='-._~')}" for name, value in sorted(
        pairs, key=lambda pair: (quote(pair[0], safe="-._~"), quote(pair[1], safe="-._~"))))


def case():
    service = random.choice(["s3", "sqs"])
    path = "/" + "/".join(text(12) for _ in range(random.randint(1, 4)))
    if service == "sqs":
        path = "/" + "/".join(text(8, "abcXYZ019-_ é") for _ in range(random.randint(1, 3)))
    one = {
        "service": service,
        "method": random.choice(["GET", "PUT", "POST", "DELETE", "HEAD"]),
        "path": path,
        "token": random.choice(["", "a/session+token=="]),
        "query": [[text(6), random.choice(["", text(12)])] for _ in range(random.randint(0, 4))],
        "headers": {f"x-amz-meta-{text(8, 'abcxyz-')}".rstrip("-"): "  ".join(text(6, "abc019/=+") for _ in range(3))
                    for _ in range(random.randint(0, 3))},
        "content": random.choice(["", text(40)]),
    }
    url = f"https://host.example.com{quote(path, safe='/-._~')}" + (f"?{encoded(one['query'])}" if one["query"] else "")
    credentials = Credentials("AKIDEXAMPLE", "a/secret+key", one["token"] or None)

    def request(content):
        return AWSRequest(one["method"], url, headers=dict(one["headers"]), data=content.encode())

    signer = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    signed = request(one["content"])
    signed.context["payload_signing_enabled"] = True
    signer(credentials, service, "eu-central-1").add_auth(signed)
    one |= {"url": url, "authorization": signed.headers["Authorization"], "presigned": ""}
    if service == "s3":
        presigned = request("")
        botocore.auth.S3SigV4QueryAuth(credentials, service, "eu-central-1", expires=900).add_auth(presigned)
        one["presigned"] = presigned.url
    return one


def main():
    random.seed(1)
    with mock.patch("botocore.auth.get_current_datetime", return_value=DATE):
        print(json.dumps([case() for _ in range(int(sys.argv[1]))]))


if __name__ == "__main__":
    main()
