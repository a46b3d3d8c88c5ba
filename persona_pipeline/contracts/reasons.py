"""The public reason codes of cleaning: what each says, by what becomes of the record or the file.

Here: the codes that the ledger and the rejects may hold; a new one is added here first, or its commit is
refused. Not here: where a code is given (sources/, sql/clean/).
"""

from __future__ import annotations

FILE = {
    "bad_encoding": "UTF-16 that does not decode, or a first line that is not in the declared encoding",
    "bad_header": "the first line cannot be read: unbalanced quotes, control characters",
    "bad_parquet": "no Parquet file, or one that is damaged anywhere",
    "bad_xlsx": "no workbook, a damaged one, or one that declares a document type",
    "column_type": "a column whose type has no text, or instants where local times are declared",
    "duplicate_header": "a column is named twice",
    "empty": "no record, and allow_empty is not declared",
    "gzip_bomb": "more than 200 times larger than the file, beyond 64 MB",
    "gzip_crc": "the checksum or the compressed data are wrong",
    "gzip_trailing": "something stands behind the end of the stream",
    "gzip_truncated": "the stream ends too early",
    "missing_column": "a column is missing that the source cannot do without",
    "missing_sheet": "the workbook has no sheet of the declared name",
    "too_many_fields": "a W3C log with more than 50 different #Fields lines",
}
REJECTED = {
    "amount_mismatch": "quantity times price less discount is not the amount",
    "amount_range": "negative, or beyond the limit of its currency",
    "bad_datetime": "a date or time that does not exist, or not in the declared format",
    "bad_encoding": "bytes that are not in the declared encoding",
    "bad_json": "no JSON object, or an object or list where a value is expected",
    "bad_line": "a line that does not have the form of the log",
    "bad_number": "no number in ASCII digits with the declared decimal sign",
    "bad_value": "a word or number that the field does not know",
    "cell_error": "a cell with an error, or a formula whose result was not stored",
    "column_count": "more or fewer columns than the header",
    "ctrl_char": "a control character",
    "dst_gap": "a local time that the clock left out, where dst_gap = 'reject'",
    "dst_overlap": "a local time that the clock showed twice, where dst_overlap = 'reject'",
    "future": "more than ten minutes after the day on which it was known",
    "json_depth": "nested deeper than 64",
    "json_duplicate_key": "an object names a key twice",
    "json_not_finite": "NaN, Infinity, or a number beyond all doubles",
    "json_number": "an integer of more than 64 bits",
    "json_surrogate": "half of a surrogate pair",
    "json_trailing": "something stands behind the object",
    "line_too_long": "more than 1 MB",
    "lost_digits": "a number that the spreadsheet has already rounded",
    "missing_required": "a value is missing that a record cannot do without",
    "not_finite": "an infinite number, or none",
    "refund_type": "the sign of the quantity contradicts the type",
    "too_late": "older than redelivery_days when it was delivered",
    "too_old": "before the first day of the project",
    "unclosed_quote": "a quote that is not closed within 100 lines",
    "unknown_currency": "another currency than the project's, and no rate for it",
    "unknown_fields": "no usable #Fields before the line",
}
FILTERED = {
    "asset": "a file that pages bring along",
    "bot": "a robot by its agent, or too many pages in a minute",
    "bot_behaviour": "a robot by what its address did all day",
    "not_http": "no request of HTTP",
    "test_order": "an order of a test, by a declared pattern",
}
DUPLICATE = {
    "duplicate_file": "the whole file came before, whatever its name or compression",
    "redelivered": "the version in force came again",
    "same_content": "the same record stands twice in the day's files",
    "superseded": "a later version is known already, or came on the same day",
}
CLEAN = {
    "corrected": "replaces an earlier version",
    "new": "seen for the first time",
}
NOTED = {
    "blank_line": "lines without a record",
    "byte_order_mark": "files with a byte-order mark, which was taken away",
    "charge": "lines of orders that are shipping, tax, fees or discounts",
    "converted": "records whose money was converted by a rate",
    "corrected": "records that replace an earlier version",
    "dst_gap": "local times that the clock left out, moved by the declared rule",
    "dst_overlap": "local times that the clock showed twice, settled by the declared rule",
    "header_line": "directives of a W3C log",
    "header_only": "files with a header and no record",
    "imputed": "records with a field that was filled as declared",
    "large_integer": "integers that readers with doubles would have changed",
    "leap_second": "times with second 60, taken as 59",
    "lenient_quote": "records with a quote inside an unquoted field, which was kept",
    "missing_customer": "records without an identifier of a customer",
    "missing_title": "order lines without the title that was declared",
    "not_imputed": "records with a field that should be filled, before anything was known to fill it from",
    "refund": "refunds",
    "repeated_header": "headers within the file",
    "rounded": "numbers with more than four decimals",
    "too_many_requests": "hits that are a robot's only by their rate",
    "unknown_column": "files with columns that no field is read from",
    "unknown_consent": "records with a consent that is neither yes nor no",
    "unknown_gender": "records with an unknown word for gender",
    "unknown_income_band": "records with an unknown word for an income band",
}
BY_OUTCOME = {
    "clean": CLEAN,
    "rejected": REJECTED,
    "duplicate": DUPLICATE,
    "filtered": FILTERED,
    "noted": NOTED,
}


def codes(*tables: dict[str, str]) -> tuple[str, ...]:
    """The codes of some tables, each once, in order."""
    return tuple(sorted({code for table in tables for code in table}))
