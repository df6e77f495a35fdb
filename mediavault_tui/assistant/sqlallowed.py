"""What a question in SQL may be made of: kinds of node, functions, types. All else is refused."""

from __future__ import annotations


def _words_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


NODES = _words_of(
    """
    RawStmt SelectStmt ResTarget ColumnRef A_Star String Integer Float Boolean A_Const A_Expr BoolExpr
    NullTest BooleanTest SubLink FuncCall CaseExpr CaseWhen CoalesceExpr MinMaxExpr TypeCast TypeName
    RangeVar Alias JoinExpr RangeSubselect RangeFunction SortBy WindowDef WithClause CommonTableExpr
    GroupingSet GroupingFunc A_ArrayExpr A_Indirection A_Indices RowExpr SQLValueFunction NamedArgExpr
    """
)
"""What a SELECT is made of; whatever PostgreSQL's grammar knows beside it is refused."""
FUNCTIONS = _words_of(
    """
    abs ceil ceiling floor round trunc mod div power sqrt exp ln log sign width_bucket greatest least
    count sum avg min max string_agg array_agg json_agg jsonb_agg bool_and bool_or every stddev
    stddev_pop stddev_samp variance var_pop var_samp corr percentile_cont percentile_disc mode
    row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
    lower upper initcap length char_length character_length octet_length substring substr left right
    position strpos split_part replace translate btrim ltrim rtrim trim concat concat_ws reverse ascii
    chr starts_with regexp_replace regexp_match regexp_matches regexp_count regexp_like regexp_substr
    string_to_array string_to_table overlay md5 to_char to_number to_date to_timestamp pg_size_pretty
    now date_trunc date_part extract age make_date make_interval timezone clock_timestamp
    statement_timestamp transaction_timestamp justify_days justify_hours justify_interval date_bin
    unnest cardinality array_length array_to_string array_position array_positions array_remove
    array_append array_prepend array_cat array_replace generate_series to_json to_jsonb row_to_json
    json_build_object jsonb_build_object jsonb_array_length json_array_length like_escape
    similar_to_escape overlaps nullif coalesce
    """
)
"""On numbers, rows, text, dates and arrays, with what the grammar makes of LIKE … ESCAPE."""

TYPES = _words_of(
    """
    int2 int4 int8 integer bigint smallint numeric float4 float8 bool text varchar bpchar char date time
    timetz timestamp timestamptz interval json jsonb
    """
)
