// NestJS, without a line about tracing: its requests have their route. It is plain JavaScript, so its decorators are called; in TypeScript they are
// written `@Controller('orders')`, `@Get(':id')`.
//
//   node --import spanlight/register examples/nest.js        then  curl http://localhost:3000/orders/7
import 'reflect-metadata'
import { Controller, Get, Module, Param } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'

class OrdersController {
  find(id) {
    return { id, total: 42 }
  }
}
const method = [OrdersController.prototype, 'find']
Controller('orders')(OrdersController)
Get(':id')(...method, Object.getOwnPropertyDescriptor(...method))
Param('id')(...method, 0)

// oxlint-disable-next-line no-extraneous-class -- A module of Nest is a class.
class AppModule {}
Module({ controllers: [OrdersController] })(AppModule)

const app = await NestFactory.create(AppModule, { logger: ['error'] })
await app.listen(Number(process.env.PORT ?? 3000))
