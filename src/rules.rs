//! The catalogue: every rule, one line each.

use crate::rule::RuleEntry;

crate::rules! {
    filter_scan: FilterScan,
    unbounded_collect: UnboundedCollect,
    unknown_index: UnknownIndex,
    unknown_table: UnknownTable,
    read_per_row: ReadPerRow,
    collect_to_count: CollectToCount,
    collect_then_filter: CollectThenFilter,
    multiple_paginate: MultiplePaginate,
    nondeterministic_query: NondeterministicQuery,
    hot_document: HotDocument,
    missing_returns: MissingReturns,
    missing_args: MissingArgs,
    legacy_function_syntax: LegacyFunctionSyntax,
    deprecated_api: DeprecatedApi,
    floating_promise: FloatingPromise,
    network_in_transaction: NetworkInTransaction,
    write_in_query: WriteInQuery,
    database_in_action: DatabaseInAction,
    public_reference: PublicReference,
    direct_function_reference: DirectFunctionReference,
    run_in_loop: RunInLoop,
    implicit_null_return: ImplicitNullReturn,
    missing_use_node: MissingUseNode,
    node_runtime_query: NodeRuntimeQuery,
    node_import: NodeImport,
    misplaced_http_action: MisplacedHttpAction,
    duplicate_cron: DuplicateCron,
    action_as_query: ActionAsQuery,
    sequential_run: SequentialRun,
    needless_run_action: NeedlessRunAction,
    run_in_transaction: RunInTransaction,
    untyped_pagination: UntypedPagination,
    any_argument: AnyArgument,
    unexported_function: UnexportedFunction,
    missing_table_argument: MissingTableArgument,
    untyped_id: UntypedId,
    missing_access_control: MissingAccessControl,
    client_identity: ClientIdentity,
    untyped_env: UntypedEnv,
    schema_import_cycle: SchemaImportCycle,
    top_of_hour_cron: TopOfHourCron,
    fat_handler: FatHandler,
    returns_drift: ReturnsDrift,
    missing_idempotency_key: MissingIdempotencyKey,
    retry_without_jitter: RetryWithoutJitter,
    redundant_index: RedundantIndex,
    duplicate_index: DuplicateIndex,
    unused_index: UnusedIndex,
    unindexed_reference: UnindexedReference,
    schema_limit: SchemaLimit,
    invalid_table_name: InvalidTableName,
    invalid_validator: InvalidValidator,
    index_name: IndexName,
    deep_object: DeepObject,
    unbounded_array: UnboundedArray,
    orm_table_key: OrmTableKey,
    orm_reserved_column: OrmReservedColumn,
    orm_ambiguous_relation: OrmAmbiguousRelation,
    orm_circular_one: OrmCircularOne,
    orm_unindexed_relation: OrmUnindexedRelation,
    orm_default_not_null: OrmDefaultNotNull,
    orm_unknown_column: OrmUnknownColumn,
    orm_unindexed_where: OrmUnindexedWhere,
    orm_post_filter: OrmPostFilter,
    orm_search_misuse: OrmSearchMisuse,
    orm_offset: OrmOffset,
    orm_write_without_where: OrmWriteWithoutWhere,
    orm_full_scan: OrmFullScan,
    orm_unsized_relation: OrmUnsizedRelation,
    orm_unsized_find: OrmUnsizedFind,
    orm_raw_write: OrmRawWrite,
    orm_legacy_import: OrmLegacyImport,
    orm_validator_column: OrmValidatorColumn,
    syntax_error: SyntaxError,
    unused_ignore: UnusedIgnore,
    ignore_without_reason: IgnoreWithoutReason,
    unknown_rule: UnknownRule,
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static RuleEntry> {
    ALL.iter().find(|entry| entry.meta.id == id)
}

/// The rule that the official ESLint plugin knows by this name, with or without `@convex-dev/` before it.
pub fn find_alias(name: &str) -> Option<&'static RuleEntry> {
    let name = name.strip_prefix("@convex-dev/").unwrap_or(name);
    ALL.iter().find(|entry| entry.meta.alias == Some(name))
}

/// The rules that an `eslint-disable` comment with this name is about: some are two here.
pub fn all_of_alias(name: &str) -> Vec<&'static str> {
    let Some(entry) = find_alias(name) else { return Vec::new() };
    let id = entry.meta.id;
    let other = SPLIT.iter().find(|(one, _)| *one == id).map(|(_, other)| *other);
    std::iter::once(id).chain(other).collect()
}

/// Rules that are one in the plugin: the one that has the alias, and the other.
const SPLIT: [(&str, &str); 1] = [("redundant-index", "duplicate-index")];

/// The id nearest to what was written, if one is near enough to be meant.
pub fn nearest(written: &str) -> Option<&'static str> {
    let distance = |id: &str| strsim::damerau_levenshtein(id, written);
    let (distance, id) = ALL.iter().map(|entry| (distance(entry.meta.id), entry.meta.id)).min()?;
    (distance <= written.len().div_ceil(3).min(5)).then_some(id)
}
