import { formatDialect, mysql, postgresql, sql, sqlite, type DialectOptions } from 'sql-formatter'

const dialects: Readonly<Record<string, DialectOptions>> = {
  postgresql,
  mysql,
  mariadb: mysql,
  sqlite
}

/** The statement with line breaks and indentation; as it is when the formatter cannot read it. */
export function formatSql(text: string, system: string): string {
  try {
    // `?` stands where a literal was hidden; only the generic dialect lets it stand anywhere.
    return formatDialect(text, {
      dialect: dialects[system] ?? sql,
      paramTypes: { positional: true, numbered: ['$', ':'] },
      tabWidth: 2
    })
  } catch {
    return text
  }
}
