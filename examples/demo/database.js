// A real PostgreSQL that comes from npm: PGlite behind its socket server. Nothing to install.
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { onStop, ready } from './service.js'

const db = await PGlite.create()
await db.exec(`
  CREATE TABLE products (id int PRIMARY KEY, name text NOT NULL, cents int NOT NULL);
  CREATE TABLE orders (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer text NOT NULL,
    created timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE order_items (
    order_id int NOT NULL REFERENCES orders,
    product_id int NOT NULL REFERENCES products,
    quantity int NOT NULL CHECK (quantity > 0),
    cents int NOT NULL
  );
  INSERT INTO products SELECT n, 'Product ' || n, 100 * n FROM generate_series(1, 40) AS n;
  INSERT INTO orders (customer) SELECT 'customer ' || n FROM generate_series(1, 30) AS n;
  INSERT INTO order_items SELECT 1 + n % 30, 1 + n % 40, 1 + n % 3, 100 FROM generate_series(1, 90) AS n;
`)
const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: 0, maxConnections: 20 })
await server.start()
onStop(async () => {
  await server.stop()
  await db.close()
  process.exit(0)
})
ready(`postgres://postgres@${server.getServerConn()}/postgres`)
