export interface Order {
  id: number;
  items: { price: number; count: number }[];
}

export class OutOfStock extends Error {
  constructor(readonly item: string) {
    super(`out of stock: ${item}`);
    this.name = "OutOfStock";
  }
}

export class Cart {
  #reserved = new Map<string, number>();

  constructor(private readonly stock: Record<string, number>) {}

  async reserve(item: string, count: number): Promise<number> {
    await null;
    return this.#take(item, count);
  }

  #take(item: string, count: number): number {
    const left = this.stock[item] ?? 0;
    if (left < count) {
      throw new OutOfStock(item);
    }
    this.#reserved.set(item, count);
    return left - count;
  }
}

export function total(order: Order | null): number {
  return order!.items.reduce((sum, item) => sum + item.price * item.count, 0);
}
