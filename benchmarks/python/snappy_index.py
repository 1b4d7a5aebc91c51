"""Compresses the index of a checkpoint as TensorFlow's table format allows and its readers understand, although it never does so itself.

Beside it `.blocks` says where the compressed blocks are, for those who only decompress: a JSON list of [offset, size].
"""

import json

import cramjam

TRAILER_BYTES = 5
FOOTER_BYTES = 48
SNAPPY = b"\x01"
CASTAGNOLI = 0x82F63B78


def crc_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (CASTAGNOLI if value & 1 else 0)
        table.append(value)
    return table


CRC_TABLE = crc_table()


def masked_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(value):
    data = bytearray()
    while value >= 0x80:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(data + bytes([value]))


def read_varints(data, count, at=0):
    values = []
    for _ in range(count):
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        values.append(value)
    return values, at


def entries(block):
    """The keys of an index block are whole: it begins anew at each of them."""
    restarts = int.from_bytes(block[-4:], "little")
    at = 0
    while at < len(block) - 4 - 4 * restarts:
        (shared, unshared, length), at = read_varints(block, 3, at)
        assert shared == 0
        yield block[at : at + unshared], block[at + unshared : at + unshared + length]
        at += unshared + length


def compress_index(path):
    with open(path, "rb") as file:
        table = file.read()
    written = bytearray()
    blocks = []

    def block_at(handle):
        (offset, size), _ = read_varints(handle, 2)
        assert table[offset + size] == 0, "it is compressed already"
        return table[offset : offset + size]

    def write(block):
        data = bytes(cramjam.snappy.compress_raw(block)) + SNAPPY
        blocks.append([len(written), len(data) - 1])
        handle = varint(len(written)) + varint(len(data) - 1)
        written.extend(data + masked_crc(data).to_bytes(4, "little"))
        return handle

    footer = table[-FOOTER_BYTES:]
    _, after_metaindex = read_varints(footer, 2)
    index = bytearray()
    restarts = bytearray()
    for key, handle in entries(block_at(footer[after_metaindex:])):
        value = write(block_at(handle))
        restarts.extend(len(index).to_bytes(4, "little"))
        index.extend(varint(0) + varint(len(key)) + varint(len(value)) + key + value)
    metaindex_handle = write(block_at(footer))
    index_handle = write(bytes(index + restarts) + (len(restarts) // 4).to_bytes(4, "little"))
    handles = (metaindex_handle + index_handle).ljust(FOOTER_BYTES - 8, b"\0")
    with open(path, "wb") as file:
        file.write(bytes(written) + handles + footer[-8:])
    with open(f"{path}.blocks", "w") as file:
        json.dump(blocks, file)
