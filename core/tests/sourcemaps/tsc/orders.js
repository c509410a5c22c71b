"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.Cart = exports.OutOfStock = void 0;
exports.total = total;
class OutOfStock extends Error {
    item;
    constructor(item) {
        super(`out of stock: ${item}`);
        this.item = item;
        this.name = "OutOfStock";
    }
}
exports.OutOfStock = OutOfStock;
class Cart {
    stock;
    #reserved = new Map();
    constructor(stock) {
        this.stock = stock;
    }
    async reserve(item, count) {
        await null;
        return this.#take(item, count);
    }
    #take(item, count) {
        const left = this.stock[item] ?? 0;
        if (left < count) {
            throw new OutOfStock(item);
        }
        this.#reserved.set(item, count);
        return left - count;
    }
}
exports.Cart = Cart;
function total(order) {
    return order.items.reduce((sum, item) => sum + item.price * item.count, 0);
}
//# sourceMappingURL=orders.js.map