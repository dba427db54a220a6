"""Paho clients for the interoperability tests: commands come as JSON lines, answers and messages go as JSON lines."""

import base64
import json
import socket
import ssl
import sys
import threading

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

VERSIONS = {"3.1": paho.MQTTv31, "3.1.1": paho.MQTTv311, "5": paho.MQTTv5}

clients = {}
output_lock = threading.Lock()


def say(**line):
    with output_lock:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def properties_for(command):
    if command["version"] != "5" or not command.get("persistent"):
        return None
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 600
    return properties


def make_client(command):
    is_v5 = command["version"] == "5"
    is_web = command["transport"] in ("ws", "wss")
    client = paho.Client(
        client_id=command["clientId"],
        clean_session=None if is_v5 else not command.get("persistent", False),
        protocol=VERSIONS[command["version"]],
        transport="websockets" if is_web else "tcp",
        reconnect_on_failure=False,
    )
    if is_web:
        client.ws_set_options(path="/mqtt")
    if command["transport"] in ("tls", "wss"):
        client.tls_set(ca_certs=command["caFile"], tls_version=ssl.PROTOCOL_TLS_CLIENT)
    will = command.get("will")
    if will is not None:
        client.will_set(will["topicName"], base64.b64decode(will["payload"]), will["qos"], will["retain"])
    return client


def connect(client, command):
    arguments = {}
    if command["version"] == "5":
        arguments = {
            "clean_start": not command.get("persistent", False),
            "properties": properties_for(command),
        }
    client.connect("localhost", command["port"], 60, **arguments)
    client.loop_start()


def listen(command):
    client = make_client(command)
    number = command["id"]

    def on_connect(client, userdata, flags, code, properties=None):
        if code != 0:
            say(id=number, error="CONNACK %s" % code)
            return
        client.subscribe(command["topicFilter"], command["qos"])

    def on_subscribe(client, userdata, mid, granted, properties=None):
        say(id=number)

    def on_message(client, userdata, message):
        say(
            listener=number,
            topicName=message.topic,
            payload=base64.b64encode(message.payload).decode(),
            qos=message.qos,
            retain=bool(message.retain),
        )

    client.on_connect = on_connect
    client.on_subscribe = on_subscribe
    client.on_message = on_message
    clients[number] = client
    connect(client, command)


def publish(command):
    client = make_client(command)
    number = command["id"]
    contents = command["contents"]
    left = set()
    lock = threading.Lock()

    def on_connect(client, userdata, flags, code, properties=None):
        if code != 0:
            say(id=number, error="CONNACK %s" % code)
            return
        with lock:
            for content in contents:
                payload = base64.b64decode(content["payload"])
                left.add(client.publish(content["topicName"], payload, content["qos"], content["retain"]).mid)

    def on_publish(client, userdata, mid):
        with lock:
            left.discard(mid)
            is_over = not left
        if is_over:
            client.disconnect()

    def on_disconnect(client, userdata, code, properties=None):
        say(id=number, code=int(str(code)) if str(code).isdigit() else 0)

    client.on_connect = on_connect
    client.on_publish = on_publish
    client.on_disconnect = on_disconnect
    clients[number] = client
    connect(client, command)


def end(command):
    client = clients.pop(command["listener"])
    client.disconnect()
    client.loop_stop()
    say(id=command["id"])


def drop(command):
    client = clients.pop(command["listener"])
    # As a broken network: the connection ends, and nothing was said.
    client.socket().shutdown(socket.SHUT_RDWR)
    client.loop_stop()
    say(id=command["id"])


COMMANDS = {"listen": listen, "publish": publish, "end": end, "drop": drop}

for line in sys.stdin:
    request = json.loads(line)
    try:
        COMMANDS[request["op"]](request)
    except Exception as error:
        say(id=request["id"], error=repr(error))
